import PluginSDK
import SourceSupport

/// Looks for the operator's own credentials in the same places as Google's libraries.
///
/// Source: https://cloud.google.com/docs/authentication/application-default-credentials
struct AmbientCredentials {
    static let variable = "GOOGLE_APPLICATION_CREDENTIALS"

    let files: any FileReader
    let environment: [String: String]

    /// Returns the credentials and what to call them; without credentials, why the files have none. The metadata server
    /// is next.
    ///
    /// - Throws: `auth_failed` if a file is named, or is there, and is of no use.
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
        guard let path = gcloudFile else { return (nil, "there is no home directory with a login of gcloud") }
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try files.contents(of: path)
        } catch {
            // Nobody named it, so it may be missing.
            return (nil, "there is no login of gcloud (\(path): \(error.reason))")
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
