/// The violations of the plugin. They are independent: with one of them, it conforms to every other rule.
enum ProtocolViolation: String, CaseIterable {
    case noHandshake = "no-handshake"
    case wrongVersion = "wrong-version"
    case halfFrame = "half-frame"
    case longLine = "long-line"
    case noise
    case noiseFlood = "noise-flood"
    case stderrFlood = "stderr-flood"
    case neverReads = "never-reads"
    case neverAnswers = "never-answers"
    case answersLate = "answers-late"
    case answersTwice = "answers-twice"
    case foreignID = "foreign-id"
    case exitsInCall = "exits-in-call"
    case ignoresTerminate = "ignores-sigterm"
    case ignoresEnd = "ignores-eof"
    case grandchild
    case grandchildSession = "grandchild-session"
    case allocates
    case opensFiles = "opens-files"
    case notANumber = "nan"
    case hugeValue = "huge-value"
    case invalidUTF8 = "invalid-utf8"
    case lineSeparator = "line-separator"
    case pushFlood = "push-flood"
    case pushUnknown = "push-unknown"
    case pushAfterEnd = "push-after-end"
    case pushesNothing = "pushes-nothing"

    /// A short description of the violation.
    var summary: String {
        switch self {
        case .noHandshake: "never answers initialize"
        case .wrongVersion: "answers initialize with a protocol version that was not offered"
        case .halfFrame: "answers a value with half a line and no newline"
        case .longLine: "answers a value with a line of 5 MiB"
        case .noise: "writes a line that is not JSON to stdout before each answer"
        case .noiseFlood: "writes 1,000 lines that are no JSON before it answers a value"
        case .stderrFlood: "writes to stderr without end once it is up"
        case .neverReads: "reads nothing more once it is up"
        case .neverAnswers: "answers no call for a value"
        case .answersLate: "answers a value after its deadline"
        case .answersTwice: "answers each value twice"
        case .foreignID: "answers a value with an unused id"
        case .exitsInCall: "exits in the middle of a call for a value"
        case .ignoresTerminate: "ignores SIGTERM, shutdown and the end of its stdin"
        case .ignoresEnd: "ignores shutdown and the end of its stdin, but not SIGTERM"
        case .grandchild: "leaves a child behind that holds its pipes"
        case .grandchildSession: "leaves a child behind that holds its pipes, in a separate session"
        case .allocates: "allocates memory until there is none, then exits"
        case .opensFiles: "opens files until it may open no more, then exits"
        case .notANumber: "answers the value NaN, which is not JSON"
        case .hugeValue: "answers the value 1e400, which no double holds"
        case .invalidUTF8: "answers with a byte that is not UTF-8"
        case .lineSeparator: "answers with U+2028 in a string, which is allowed and must not end the line"
        case .pushFlood: "pushes 1,000 readings at once"
        case .pushUnknown: "pushes a reading with an id without a subscription"
        case .pushAfterEnd: "pushes a reading after its subscription has ended"
        case .pushesNothing: "agrees to push, and pushes nothing"
        }
    }
}
