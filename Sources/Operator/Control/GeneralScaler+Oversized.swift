package import KubernetesClient
package import ScalerAPI
package import WireFormats

extension GeneralScaler {
    /// An object over the bounds: of its spec it is only known that it is too large.
    package init(_ oversized: OversizedObject) throws(JSONPathError) {
        try self.init(oversized.remains, spec: .failure(oversized.invalidSpec))
    }
}

extension OversizedObject {
    var invalidSpec: InvalidSpec {
        InvalidSpec(problems: [
            JSONPathError(
                path: "", message: "the object \(self): make the configs of spec.metrics and the annotations smaller")
        ])
    }
}
