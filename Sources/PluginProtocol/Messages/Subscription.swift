package import WireFormats

/// `unsubscribe`, host to plugin.
package struct UnsubscribeParams: Sendable, Hashable {
    /// The id of the request `subscribe`.
    package var subscription: Int64

    package init(subscription: Int64) {
        self.subscription = subscription
    }
}

/// The notification `reading`, plugin to host: the current value of a subscribed metric.
package struct PushedReading: Sendable, Hashable {
    /// The id of the request `subscribe`.
    package var subscription: Int64
    package var reading: MetricReading

    package init(subscription: Int64, reading: MetricReading) {
        self.subscription = subscription
        self.reading = reading
    }
}

/// The notification `subscription_ended`, plugin to host: no further readings follow.
package struct SubscriptionEnd: Sendable, Hashable {
    /// The id of the request `subscribe`.
    package var subscription: Int64
    /// The failure, its place and the fix. Never contains a secret.
    package var message: String

    package init(subscription: Int64, message: String) {
        self.subscription = subscription
        self.message = message
    }
}

extension UnsubscribeParams {
    package init(_ reader: JSONReader) throws(JSONPathError) {
        self.init(subscription: try reader.subscription())
    }

    package var json: JSON { ["subscription": .integer(subscription)] }
}

extension PushedReading {
    package init(_ reader: JSONReader) throws(JSONPathError) {
        self.init(subscription: try reader.subscription(), reading: try MetricReading(reader))
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("subscription")
        writer.value(subscription)
        reading.encodeMembers(into: &writer)
        writer.endObject()
    }
}

extension SubscriptionEnd {
    package init(_ reader: JSONReader) throws(JSONPathError) {
        self.init(subscription: try reader.subscription(), message: try reader.required("message").string())
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("subscription")
        writer.value(subscription)
        writer.key("message")
        writer.value(message)
        writer.endObject()
    }
}

extension JSONReader {
    fileprivate func subscription() throws(JSONPathError) -> Int64 {
        Int64(try required("subscription").int(in: 0...Int.max))
    }
}
