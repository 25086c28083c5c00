package import WireFormats

/// The answer to `get_metric_values`: a reading or an error for each request, in order.
package struct MetricBatch: Sendable, Hashable {
    package var answers: [Result<MetricReading, PluginError>]

    package init(answers: [Result<MetricReading, PluginError>]) {
        self.answers = answers
    }
}

extension MetricBatch {
    package init(_ reader: JSONReader) throws(JSONPathError) {
        answers = []
        for element in try reader.required("answers").elements() {
            if let error = try element.optional("error") {
                answers.append(.failure(try PluginError(error)))
            } else {
                answers.append(.success(try MetricReading(element)))
            }
        }
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("answers")
        writer.beginArray()
        for answer in answers {
            switch answer {
            case .success(let reading): reading.encode(into: &writer)
            case .failure(let error):
                writer.beginObject()
                writer.key("error")
                error.encode(into: &writer)
                writer.endObject()
            }
        }
        writer.endArray()
        writer.endObject()
    }
}
