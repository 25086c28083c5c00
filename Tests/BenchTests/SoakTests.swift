import Testing

@testable import bench

@Suite("Criteria of a soak test")
struct SoakTests {
    @Test("the line fit returns the parameters of an exact line")
    func line() throws {
        let fit = try #require(TheilSen((0..<10).map { (Double($0), 3 + 0.5 * Double($0)) }))
        #expect(fit.slope == 0.5)
        #expect(fit.intercept == 3)
    }

    @Test("the line fit tolerates outliers in a quarter of the points")
    func outliers() throws {
        let points = (0..<40).map { index -> (x: Double, y: Double) in
            let x = Double(index)
            return (x, index % 4 == 0 ? 1_000 * x : 2 * x)
        }
        let fit = try #require(TheilSen(points))
        #expect(abs(fit.slope - 2) < 0.5)
    }

    @Test("the line fit of points at fewer than two times is nil")
    func noLine() {
        #expect(TheilSen([]) == nil)
        #expect(TheilSen([(1, 2)]) == nil)
        #expect(TheilSen([(1, 2), (1, 3)]) == nil)
    }

    @Test(
        "a descriptor's kind is determined from its link",
        arguments: [
            ("socket:[4026]", "socket"), ("pipe:[17]", "pipe"), ("anon_inode:[eventfd]", "eventfd"),
            ("anon_inode:inotify", "inotify"), ("/dev/null", "file"),
        ])
    func kinds(link: String, kind: String) {
        #expect(ProcessSample.kind(ofLink: link) == kind)
    }

    private static let quiescence = QuietPoint(
        descriptors: ["socket": 5, "pipe": 9], pollSeconds: 12, followSeconds: 40, problem: nil, zombies: 0, strays: [],
        missingPlugins: [])

    private static func missed(growth: Double? = nil, last: QuietPoint = quiescence, plugins: [String: Double] = [:])
        -> [String]
    {
        SoakVerdict.missed(growth: growth, first: quiescence, last: last, plugins: plugins, leftovers: [])
    }

    @Test("a soak test without changes violates no criterion")
    func quiescence() {
        #expect(Self.missed(growth: 0.9, plugins: ["redis": 10]).isEmpty)
    }

    @Test("growth violates its criterion from the limit on")
    func growth() {
        #expect(
            Self.missed(growth: 1.5) == ["The operator's memory grows by 1.5 MiB an hour; the limit is 1.0."])
    }

    @Test("an additional pipe violates a soak criterion, and an additional socket does not")
    func descriptors() {
        var last = Self.quiescence
        last.descriptors["socket"] = 6
        #expect(Self.missed(last: last).isEmpty)
        last.descriptors["pipe"] = 10
        last.descriptors["pidfd"] = 1
        #expect(
            Self.missed(last: last) == [
                "The operator's descriptors differ between the first quiet period and the last: pidfd from 0 to 1, "
                    + "pipe from 9 to 10."
            ])
        last = Self.quiescence
        last.descriptors["socket"] = 5 + SoakLimits.sockets + 1
        #expect(Self.missed(last: last).count == 1)
    }

    @Test("each missed soak limit is reported in a sentence")
    func broken() {
        var last = Self.quiescence
        last.pollSeconds = 31
        last.followSeconds = nil
        last.problem = "3 scalers are not right"
        last.zombies = 1
        last.strays = ["a"]
        last.missingPlugins = ["generalscaler-plugin-redis"]
        #expect(Self.missed(last: last, plugins: ["redis": 1_000]).count == 7)
    }
}
