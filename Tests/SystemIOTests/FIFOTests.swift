import SystemIO
import Testing

@Suite("FIFO")
struct FIFOTests {
    @Test("elements of a FIFO come out in the order in which they were appended")
    func order() {
        var queue = FIFO<Int>()
        var expected: [Int] = []
        var generator = SystemRandomNumberGenerator()
        for number in 0..<5_003 {
            queue.append(number)
            expected.append(number)
            while !expected.isEmpty, Int.random(in: 0..<3, using: &generator) == 0 {
                #expect(queue.first == expected.first)
                #expect(queue.popFirst() == expected.removeFirst())
            }
            #expect(queue.count == expected.count && queue.isEmpty == expected.isEmpty)
        }
        while let next = queue.popFirst() { #expect(next == expected.removeFirst()) }
        #expect(expected.isEmpty && queue.first == nil)
    }
}
