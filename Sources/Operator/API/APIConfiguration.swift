package import KubernetesClient

/// The settings of the operator's API.
package struct APIConfiguration: Sendable {
    package var listen: ListenAddress
    package var token: APIToken

    package init(listen: ListenAddress, token: APIToken) {
        self.listen = listen
        self.token = token
    }
}

/// The token that every request to the API needs, in a file that may change, such as one of a mounted Secret.
package struct APIToken: Sendable {
    /// The reason why the file cannot be used.
    package struct Unusable: Error, Sendable, CustomStringConvertible {
        package let description: String
    }

    package let path: String
    private let files: FileReader

    package init(path: String, files: FileReader = .system) {
        self.path = path
        self.files = files
    }

    /// Reads the current token. Space at its ends does not count.
    package func read() throws(Unusable) -> SecretString {
        let bytes: [UInt8]
        do throws(FileReader.Failure) {
            bytes = try files.read(path)
        } catch {
            throw Unusable(
                description: "--api-token-file: \(error). Create the file with a random text, for example from a Secret"
            )
        }
        let token = bytes.split { $0 <= 0x20 }
        guard token.count == 1, APILimits.tokenBytes.contains(token[0].count), token[0].allSatisfy({ $0 < 0x7F })
        else {
            throw Unusable(
                description: "--api-token-file: \(path) must contain one word of \(APILimits.tokenBytes.lowerBound) to "
                    + "\(APILimits.tokenBytes.upperBound) ASCII characters. Write a random text, for example with "
                    + "openssl rand -hex 32")
        }
        return SecretString(String(decoding: token[0], as: UTF8.self))
    }

    /// Returns whether a request's token is the current one.
    func accepts(_ given: String?) -> Bool {
        guard let given, let token = try? read() else { return false }
        return token.isEqual(given)
    }
}
