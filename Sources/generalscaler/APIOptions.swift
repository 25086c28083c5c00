import ArgumentParser
import Operator

/// Options of the operator's API.
struct APIOptions: ParsableArguments {
    @Option(
        help: "Address and port for the read-only API of the console; port 0 selects a free port. Default: no API.",
        transform: ListenAddress.init(argument:)
    )
    var apiListen: ListenAddress?

    @Option(
        help: "File with the token that every request to the API needs, such as one of a mounted Secret.")
    var apiTokenFile: String?

    func validate() throws {
        guard (apiListen == nil) == (apiTokenFile == nil) else {
            throw ValidationError("--api-listen and --api-token-file need each other.")
        }
    }

    /// The configuration; nil if the API is disabled.
    ///
    /// - Throws: the reason why the token cannot be used.
    func configuration() throws -> APIConfiguration? {
        guard let apiListen, let apiTokenFile else { return nil }
        let token = APIToken(path: apiTokenFile)
        _ = try token.read()
        return APIConfiguration(listen: apiListen, token: token)
    }
}
