package import KubernetesClient
package import ScalerAPI
package import WireFormats

extension GeneralScaler {
    /// Creates a scaler from an oversized object, whose spec is not parsed and reported as too large.
    package init(_ oversized: OversizedObject) throws(JSONPathError) {
        try self.init(oversized.partial, spec: .failure(oversized.invalidSpec))
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
