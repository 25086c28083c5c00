/// Global state of all HTTP clients and connections of a process.
package enum HTTPLibrary {
    /// Initializes libcurl for the process. Call this before starting a thread; otherwise the first client does it.
    package static func initialize() { EasyHandle.initializeLibrary() }
}
