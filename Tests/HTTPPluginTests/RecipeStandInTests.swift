import HTTPTransport
import PluginSDK
import Testing

@testable import generalscaler_plugin_http

/// The recipes of servers that cannot be had, each against the answers of their documentation.
@Suite("recipes on simulated servers")
struct RecipeStandInTests {
    struct Recipe: Sendable, CustomTestStringConvertible {
        let page: String
        var index = 0
        var secrets: [String: String] = [:]
        /// The request line that the server has to get, and headers.
        let request: String
        var headers: [HTTPHeader] = []
        var body: String?
        var type = "application/json"
        let answer: String
        let value: Double
        /// An answer without a value, and what becomes of it.
        let empty: String
        var emptyKind = PluginError.Kind.noData

        var testDescription: String { "\(page) \(index)" }
    }

    /// Sources: the API references of the servers, as of 2026-11.
    static let recipes = [
        Recipe(
            page: "elasticsearch", secrets: ["elasticsearch-scaler/authorization": "ApiKey canary"],
            request:
                "POST https://elasticsearch.shop:9200/orders/_search?size=0&track_total_hits=true&allow_partial_search_results=false",
            headers: [HTTPHeader("Authorization", "ApiKey canary"), HTTPHeader("Content-Type", "application/json")],
            body: #"{"query": {"term": {"state": "open"}}}"#,
            answer: """
                {"took": 3, "timed_out": false, "_shards": {"total": 5, "successful": 5, "skipped": 0, "failed": 0},
                 "hits": {"total": {"value": 1234, "relation": "eq"}, "max_score": null, "hits": []}}
                """, value: 1_234, empty: #"{"took": 3, "hits": {"max_score": null, "hits": []}}"#),
        Recipe(
            page: "influxdb", secrets: ["influxdb-scaler/authorization": "Token canary"],
            request:
                "GET http://influxdb.shop:8086/query?db=shop&epoch=s&q=SELECT%20last(depth)%20FROM%20queue%20WHERE%20time%20%3E%20now()%20-%205m",
            headers: [HTTPHeader("Authorization", "Token canary")],
            answer: """
                {"results": [{"statement_id": 0, "series": [
                  {"name": "queue", "columns": ["time", "last"], "values": [[1796001820, 42.5]]}]}]}
                """, value: 42.5, empty: #"{"results": [{"statement_id": 0}]}"#),
        Recipe(
            page: "datadog",
            secrets: ["datadog-scaler/api-key": "canary-1", "datadog-scaler/application-key": "canary-2"],
            request:
                "GET https://api.datadoghq.com/api/v1/query?from=1796001525&to=1796001825&query=sum:shop.queue.depth%7Bqueue:orders%7D",
            headers: [HTTPHeader("DD-API-KEY", "canary-1"), HTTPHeader("DD-APPLICATION-KEY", "canary-2")],
            answer: """
                {"status": "ok", "res_type": "time_series", "from_date": 1796001525000, "to_date": 1796001825000,
                 "series": [{"metric": "shop.queue.depth", "scope": "queue:orders", "length": 2,
                             "pointlist": [[1796001780000.0, 11.0], [1796001800000.0, 12.25]]}]}
                """, value: 12.25, empty: #"{"status": "ok", "res_type": "time_series", "series": []}"#),
        Recipe(
            page: "github-actions", secrets: ["github-scaler/token": "canary"],
            request: "GET https://api.github.com/repos/shop/app/actions/runs?status=queued&per_page=1",
            headers: [
                HTTPHeader("Authorization", "Bearer canary"), HTTPHeader("Accept", "application/vnd.github+json"),
                HTTPHeader("User-Agent", "generalscaler"),
            ],
            answer: #"{"total_count": 9, "workflow_runs": [{"id": 30433642, "status": "queued"}]}"#, value: 9,
            empty: "{}"),
        Recipe(
            page: "github-actions", index: 1, secrets: ["github-scaler/token": "canary"],
            request: "GET https://api.github.com/repos/shop/app/actions/runs?status=queued&per_page=1",
            headers: [HTTPHeader("Authorization", "Bearer canary"), HTTPHeader("User-Agent", "generalscaler")],
            answer: #"{"total_count": 9, "workflow_runs": [{"id": 30433642, "status": "queued"}]}"#, value: 9,
            empty: "{}"),
        Recipe(
            page: "github-actions", index: 2, secrets: ["github-scaler/token": "canary"],
            request: "GET https://api.github.com/repos/shop/app/actions/runs?status=in_progress&per_page=1",
            headers: [HTTPHeader("Authorization", "Bearer canary"), HTTPHeader("User-Agent", "generalscaler")],
            answer: #"{"total_count": 3, "workflow_runs": [{"id": 30433643, "status": "in_progress"}]}"#, value: 3,
            empty: "{}"),
        Recipe(
            page: "inference-servers", request: "GET http://vllm.shop:8000/metrics",
            type: "text/plain; version=0.0.4; charset=utf-8",
            answer: """
                # HELP vllm:num_requests_running Number of requests in model execution batches.
                # TYPE vllm:num_requests_running gauge
                vllm:num_requests_running{engine="0",model_name="llama"} 8.0
                # HELP vllm:num_requests_waiting Number of requests waiting to be processed.
                # TYPE vllm:num_requests_waiting gauge
                vllm:num_requests_waiting{engine="0",model_name="llama"} 3.0

                """, value: 3, empty: "vllm:num_requests_waiting{model_name=\"other\"} 1.0\n"),
        Recipe(
            page: "inference-servers", index: 1, request: "GET http://triton.shop:8002/metrics",
            type: "text/plain; charset=utf-8",
            answer: """
                # HELP nv_inference_pending_request_count Instantaneous number of pending requests awaiting execution
                # TYPE nv_inference_pending_request_count gauge
                nv_inference_pending_request_count{model="detector",version="1"} 4
                nv_inference_pending_request_count{model="detector",version="2"} 1
                nv_inference_pending_request_count{model="other",version="1"} 90

                """, value: 5, empty: "# no models\n"),
        Recipe(
            page: "burrow", request: "GET http://burrow.shop:8000/v3/kafka/main/consumer/orders/lag",
            answer: """
                {"error": false, "message": "consumer status returned", "status": {"cluster": "main", "group": "orders",
                 "status": "WARN", "complete": 1, "partitions": [], "partition_count": 2, "maxlag": null,
                 "totallag": 1717}, "request": {"url": "/v3/kafka/main/consumer/orders/lag", "host": "burrow"}}
                """, value: 1_717, empty: #"{"error": false, "message": "", "status": {"totallag": null}}"#),
    ]

    @Test("every metric of every recipe page is executed by a test")
    func allPages() throws {
        // By RecipeServerTests.
        var tested = ["rabbitmq": 1, "nats-jetstream": 1, "sqs": 1, "cloudwatch": 1]
        for recipe in Self.recipes { tested[recipe.page, default: 0] += 1 }
        #expect(try RecipePage.all.mapValues(\.metrics) == tested)
    }

    @Test("the config of a recipe sends the documented request and reads the documented answer", arguments: recipes)
    func recipe(_ recipe: Recipe) async throws {
        let client = FakeServer(.answer(recipe.answer, type: recipe.type), .answer(recipe.empty, type: recipe.type))
        let plugin = HTTPPlugin(client: client)
        let config = try RecipePage(recipe.page).config(recipe.index, secrets: recipe.secrets)
        #expect(try await plugin.value(config).value == recipe.value)
        let request = try #require(client.requests.first)
        #expect("\(request.method) \(request.url)" == recipe.request)
        for header in recipe.headers { #expect(request.headers.contains(header), "\(header)") }
        #expect(request.body.map { String(decoding: $0, as: UTF8.self) } == recipe.body)
        await #expect {
            try await plugin.value(config)
        } throws: { ($0 as? PluginError)?.kind == recipe.emptyKind }
    }
}
