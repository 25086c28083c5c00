import PluginSDK
import SourceSupport
import TestSupport

@testable import generalscaler_plugin_kafka

struct NoFiles: FileReader {
    func contents(of path: String) throws(FileError) -> [UInt8] {
        throw FileError(path: path, reason: "No such file or directory")
    }
}
