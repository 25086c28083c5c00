/// A file of the SDK in Python, Go or Node: `generalscaler-dev new-plugin` puts a copy of the SDK into a new project.
package struct SDKFile: Sendable {
    /// The path in the folder of the SDK.
    package let path: String
    package let contents: [UInt8]

    private init(_ path: String, _ contents: [UInt8]) {
        self.path = path
        self.contents = contents
    }

    /// The package `generalscaler_plugin`.
    package static let python = [
        SDKFile("__init__.py", PackageResources.__init___py),
        SDKFile("children.py", PackageResources.children_py),
        SDKFile("config.py", PackageResources.config_py),
        SDKFile("declaration.py", PackageResources.declaration_py),
        SDKFile("errors.py", PackageResources.errors_py),
        SDKFile("failures.py", PackageResources.failures_py),
        SDKFile("plugin.py", PackageResources.plugin_py),
        SDKFile("py.typed", PackageResources.py_typed),
        SDKFile("reading.py", PackageResources.reading_py),
        SDKFile("redaction.py", PackageResources.redaction_py),
        SDKFile("secret_parts.py", PackageResources.secret_parts_py),
        SDKFile("serving.py", PackageResources.serving_py),
        SDKFile("session.py", PackageResources.session_py),
        SDKFile("testing.py", PackageResources.testing_py),
    ]

    package static let go = [
        SDKFile("children.go", PackageResources.children_go),
        SDKFile("config.go", PackageResources.config_go),
        SDKFile("errors.go", PackageResources.errors_go),
        SDKFile("failures.go", PackageResources.failures_go),
        SDKFile("go.mod", PackageResources.go_mod),
        SDKFile("plugin.go", PackageResources.plugin_go),
        SDKFile("plugintest/host.go", PackageResources.host_go),
        SDKFile("push.go", PackageResources.push_go),
        SDKFile("redact.go", PackageResources.redact_go),
        SDKFile("secretparts.go", PackageResources.secretparts_go),
        SDKFile("serve.go", PackageResources.serve_go),
        SDKFile("session.go", PackageResources.session_go),
        SDKFile("stdio.go", PackageResources.stdio_go),
        SDKFile("stdio_linux.go", PackageResources.stdio_linux_go),
        SDKFile("stdio_other.go", PackageResources.stdio_other_go),
        SDKFile("tags.go", PackageResources.tags_go),
    ]

    package static let node = [
        SDKFile("children.js", PackageResources.children_js),
        SDKFile("config.js", PackageResources.config_js),
        SDKFile("errors.js", PackageResources.errors_js),
        SDKFile("failures.js", PackageResources.failures_js),
        SDKFile("index.d.ts", PackageResources.index_d_ts),
        SDKFile("index.js", PackageResources.index_js),
        SDKFile("package.json", PackageResources.package_json),
        SDKFile("redaction.js", PackageResources.redaction_js),
        SDKFile("secret-parts.js", PackageResources.secret_parts_js),
        SDKFile("session.js", PackageResources.session_js),
        SDKFile("testing.d.ts", PackageResources.testing_d_ts),
        SDKFile("testing.js", PackageResources.testing_js),
        SDKFile("worker.js", PackageResources.worker_js),
    ]
}
