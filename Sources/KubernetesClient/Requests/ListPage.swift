import WireFormats

/// A page of a list.
package struct ListPage<Item> {
    package let items: [Item]
    /// The resource version of the whole list, from which a watch continues.
    package let resourceVersion: String
    /// The token of the next page; nil for the last page.
    package let continueToken: String?
}

extension ListPage: Sendable where Item: Sendable {}

extension ListPage {
    init(items: [Item], metadata: JSON) throws {
        let reader = JSONReader(metadata, path: "metadata")
        self.items = items
        resourceVersion = try reader.required("resourceVersion").nonEmptyString()
        continueToken = try reader.optional("continue").map { try $0.string() }.flatMap { $0.isEmpty ? nil : $0 }
    }
}
