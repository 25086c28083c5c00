import PluginSDK
import SourceSupport

/// Finds the operator's credentials in the same order as Google's libraries.
///
/// Source: https://cloud.google.com/docs/authentication/application-default-credentials
struct AmbientCredentials {
    static let variable = "GOOGLE_APPLICATION_CREDENTIALS"

    let files: any FileReader
    let environment: [String: String]

    /// Returns the credentials and their name for messages; without credentials, the reason why the files contain none,
    /// in which case the metadata server is used.
    ///
    /// - Throws: `auth_failed` if a file is configured or exists, but cannot be used.
    func find() throws(PluginError) -> (GoogleCredentials?, name: String) {
        if let path = environment[Self.variable], !path.isEmpty {
            let bytes: [UInt8]
            do throws(FileError) {
                bytes = try files.contents(of: path)
            } catch {
                throw error.pluginError(.authFailed, field: Self.variable)
            }
            return (try parsed(bytes, path), path)
        }
        guard let path = gcloudFile else { return (nil, "no home directory with a gcloud login") }
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try files.contents(of: path)
        } catch {
            // The default file, which may be missing.
            return (nil, "no gcloud login (\(path): \(error.reason))")
        }
        return (try parsed(bytes, path), path)
    }

    private func parsed(_ bytes: [UInt8], _ path: String) throws(PluginError) -> GoogleCredentials {
        do throws(CredentialFault) {
            return try GoogleCredentials(bytes)
        } catch {
            throw PluginError(.authFailed, "\(path) \(error.message)")
        }
    }

    private var gcloudFile: String? {
        let file = "application_default_credentials.json"
        if let folder = environment["CLOUDSDK_CONFIG"], !folder.isEmpty { return "\(folder)/\(file)" }
        guard let home = environment["HOME"], !home.isEmpty else { return nil }
        return "\(home)/.config/gcloud/\(file)"
    }
}
