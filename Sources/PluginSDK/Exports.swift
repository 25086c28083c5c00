// A plugin author imports only PluginSDK: these types of the plugin protocol are part of its API. A typealias would
// export the names but, under MemberImportVisibility, not their members.
@_exported public import struct Logging.Logger
@_exported public import struct PluginProtocol.ConfigProblem
@_exported public import struct PluginProtocol.MetricRange
@_exported public import struct PluginProtocol.MetricReading
@_exported public import struct PluginProtocol.PluginError
@_exported public import struct PluginProtocol.RangeWindow
@_exported public import enum PluginProtocol.TargetType
@_exported public import enum WireFormats.JSON
@_exported public import struct WireFormats.JSONReader
