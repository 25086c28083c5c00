import TestSupport
import Testing

@testable import Scaling

@Suite struct BudgetDivisionTests {
    private static let seeds = Array(UInt64(1)...400)

    private static func randomDivision(_ random: inout SplitMix64) -> BudgetDivision {
        // Odd amounts, equal amounts and free replicas.
        let consumptions: [Int128] = [100_000, 300_000, 333_333, 1_000_000, 1, 7_000_001, 0]
        let groups = Int.random(in: 0...3, using: &random)
        let members = (0..<Int.random(in: 1...9, using: &random)).map { _ in
            BudgetMember(
                consumption: BudgetAmount(millionths: consumptions.randomElement(using: &random) ?? 1),
                held: .random(in: 0...12, using: &random), minimum: .random(in: 0...3, using: &random),
                demand: .random(in: 0...14, using: &random),
                group: groups > 0 && Bool.random(using: &random) ? .random(in: 0..<groups, using: &random) : nil,
                weight: [1, 1, 2, 3, 1_000_000].randomElement(using: &random) ?? 1,
                priority: .random(in: -1...1, using: &random), mayBorrow: .random(in: 0..<5, using: &random) > 0)
        }
        return BudgetDivision(
            limit: randomAmount(upTo: 60_000_000, &random),
            guarantees: (0..<groups).map { _ in randomAmount(upTo: 12_000_000, &random) }, members: members)
    }

    private static func randomAmount(upTo most: Int128, _ random: inout SplitMix64) -> BudgetAmount {
        BudgetAmount(millionths: Bool.random(using: &random) ? .random(in: 0...most, using: &random) : most / 2)
    }

    private func used(_ caps: [Int], of division: BudgetDivision) -> BudgetAmount {
        zip(caps, division.members).reduce(.zero) { $0 + $1.0 * $1.1.consumption }
    }

    private func member(_ consumption: Double, minimum: Int = 0, demand: Int, group: Int? = nil) -> BudgetMember {
        BudgetMember(
            consumption: BudgetAmount(consumption) ?? .zero, held: 0, minimum: minimum, demand: demand, group: group)
    }

    @Test("caps are those of the documented sequence, replica by replica", arguments: seeds)
    func reference(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for _ in 0..<8 {
            let division = Self.randomDivision(&random)
            #expect(division.caps() == ReferenceDivision(division: division).caps(), "\(division)")
        }
    }

    @Test("the sum stays within the limit while the minimums fit, and caps are never below minimums", arguments: seeds)
    func sum(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let division = Self.randomDivision(&random)
        let caps = division.caps()
        let minimums = used(division.members.map(\.minimum), of: division)
        #expect(used(caps, of: division) <= max(division.limit, minimums))
        for (member, cap) in zip(division.members, caps) { #expect((member.minimum...member.wanted).contains(cap)) }
    }

    @Test("a higher limit takes replicas from nobody", arguments: seeds)
    func monotone(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var division = Self.randomDivision(&random)
        division.limit = .zero
        var caps = division.caps()
        for _ in 0..<40 {
            division.limit += BudgetAmount(millionths: .random(in: 1...3_000_000, using: &random))
            let next = division.caps()
            #expect(zip(caps, next).allSatisfy { $0 <= $1 }, "\(division)")
            caps = next
        }
    }

    @Test("guarantees are met before anything is lent, if they and the minimums fit", arguments: seeds)
    func guarantees(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var division = Self.randomDivision(&random)
        division.limit = used(division.members.map(\.minimum), of: division)
        for guarantee in division.guarantees { division.limit += guarantee }
        let caps = division.caps()
        for group in division.guarantees.indices {
            let own = division.members.indices.filter { division.members[$0].group == group }
            let spent = own.reduce(BudgetAmount.zero) { $0 + caps[$1] * division.members[$1].consumption }
            let unmet = own.filter { caps[$0] < division.members[$0].wanted }
            // Nothing is missing, or the next replica would exceed the guarantee.
            let largest = unmet.map { division.members[$0].consumption }.max() ?? .zero
            #expect(unmet.isEmpty || spent + largest > division.guarantees[group], "\(division)")
        }
    }

    @Test("a member that asks for its minimum keeps its cap regardless of what others ask for", arguments: seeds)
    func stable(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var division = Self.randomDivision(&random)
        division.members[0].demand = division.members[0].minimum
        let cap = division.caps()[0]
        for index in division.members.indices.dropFirst() {
            division.members[index].demand = .random(in: 0...14, using: &random)
        }
        #expect(division.caps()[0] == cap)
    }

    @Test("an idle neighbor keeps its 3 replicas beside a queue that asks for 5 and 8 in turn")
    func noisyNeighbor() {
        let caps = [5, 8, 5, 8].map { noise in
            BudgetDivision(
                limit: BudgetAmount(millionths: 10_000_000),
                members: [member(1, demand: noise), member(1, minimum: 1, demand: 3)]
            ).caps()
        }
        #expect(caps == [[5, 3], [7, 3], [5, 3], [7, 3]])
    }

    @Test("three replicas of 0.1 fit into 0.3")
    func exactAmounts() throws {
        let limit = try #require(BudgetAmount(0.3))
        #expect(BudgetDivision(limit: limit, members: [member(0.1, demand: 5)]).caps() == [3])
        let less = BudgetAmount(millionths: limit.millionths - 1)
        #expect(BudgetDivision(limit: less, members: [member(0.1, demand: 5)]).caps() == [2])
    }

    @Test("an unused guarantee is lent, and taken from the borrower when its owner asks for it")
    func lending() {
        var division = BudgetDivision(
            limit: BudgetAmount(millionths: 16_000_000), guarantees: [BudgetAmount(millionths: 6_000_000)],
            members: [member(1, demand: 1, group: 0), member(1, demand: 20)])
        #expect(division.caps() == [1, 15])
        division.members[0].demand = 8
        division.members[1].priority = 5
        #expect(division.caps() == [6, 10])
    }

    @Test("the first replica that does not fit ends the division, even if a smaller one would fit")
    func firstMisfit() {
        let division = BudgetDivision(
            limit: BudgetAmount(millionths: 2_500_000), members: [member(2, demand: 3), member(0.25, demand: 20)])
        // 0 and 0; 0.25 and 0.5 are in use next to 2; the next of the small ones would still be lower than 2.
        #expect(division.caps() == [1, 2])
        let large = BudgetDivision(
            limit: BudgetAmount(millionths: 1_500_000), members: [member(2, demand: 3), member(0.25, demand: 20)])
        #expect(large.caps() == [0, 0])
    }

    @Test("minimums that do not fit are kept, and nobody gets more")
    func minimums() {
        let division = BudgetDivision(
            limit: BudgetAmount(millionths: 3_000_000),
            members: [member(1, minimum: 2, demand: 9), member(1, minimum: 2, demand: 9)])
        #expect(division.caps() == [2, 2])
    }

    @Test("a member that cannot be scaled down gets its guarantee and what it holds, and borrows nothing new")
    func noBorrowing() {
        var stuck = member(1, demand: 9, group: 0)
        stuck.mayBorrow = false
        stuck.held = 4
        var division = BudgetDivision(
            limit: BudgetAmount(millionths: 100_000_000), guarantees: [BudgetAmount(millionths: 2_000_000)],
            members: [stuck])
        #expect(division.caps() == [4])
        division.guarantees[0] = BudgetAmount(millionths: 6_000_000)
        #expect(division.caps() == [6])
    }

    @Test("extreme amounts, weights and replicas do not overflow")
    func extremes() {
        let most = Int(Int32.max)
        for limit in [BudgetAmount.smallest, BudgetAmount(millionths: 1 << 70), .largest] {
            for (first, second) in [(1, 1_000_000), (1_000_000, 1)] {
                let division = BudgetDivision(
                    limit: limit,
                    members: [
                        BudgetMember(
                            consumption: .largestConsumption, held: 0, minimum: 0, demand: most, weight: first),
                        BudgetMember(consumption: .smallest, held: 0, minimum: 0, demand: most, weight: second),
                    ])
                let caps = division.caps()
                #expect(used(caps, of: division) <= limit)
            }
        }
    }
}
