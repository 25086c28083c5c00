/// A queue with constant-time operations at both ends. Removed elements are released in batches.
package struct FIFO<Element> {
    @usableFromInline var elements: [Element] = []
    @usableFromInline var head = 0

    package init() {}

    @inlinable package var isEmpty: Bool { head == elements.count }
    @inlinable package var count: Int { elements.count - head }
    @inlinable package var first: Element? { isEmpty ? nil : elements[head] }

    @inlinable package mutating func append(_ element: Element) {
        if head > 32, head * 2 > elements.count {
            elements.removeFirst(head)
            head = 0
        }
        elements.append(element)
    }

    /// Calls the body with each element, the newest first, until the body returns false.
    @inlinable package func forEachNewestFirst(_ body: (Element) -> Bool) {
        for element in elements[head...].reversed() where !body(element) { return }
    }

    @inlinable package mutating func popFirst() -> Element? {
        guard head < elements.count else { return nil }
        defer {
            head += 1
            if head == elements.count {
                elements.removeAll(keepingCapacity: true)
                head = 0
            }
        }
        return elements[head]
    }
}

extension FIFO: Sendable where Element: Sendable {}
