/// Global state of all HTTP clients and connections of a process.
package enum HTTPLibrary {
    /// Readies libcurl for the process. A program calls this before it starts a thread; without it, the first client
    /// does it.
    package static func initialize() { EasyHandle.initializeLibrary() }
}
