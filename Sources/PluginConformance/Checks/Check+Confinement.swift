import PluginProtocol
import WireFormats

extension Check {
    static let confinement: [Check] = [
        Check(.confined) { context throws(Stop) in
            throw .skip("this build has no sandbox launcher")
        }
    ]
}
