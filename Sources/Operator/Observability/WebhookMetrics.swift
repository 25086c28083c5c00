/// Counters of the admission webhook.
struct WebhookMetrics: Sendable {
    /// The outcome of a review.
    enum Verdict: String, CaseIterable {
        case allowed, warned, denied
        /// The review could not be read, or the client had closed the connection.
        case failed
    }

    private var reviews: [Verdict: Int] = [:]
    private var durations = Histogram()
    private var certificateErrors = 0
    /// The expiry in seconds since 1970; nil without a certificate.
    private var certificateExpiry: Double?

    mutating func reviewed(_ verdict: Verdict, after duration: Duration) {
        reviews[verdict, default: 0] += 1
        durations.observe(duration)
    }

    /// - Parameter expiry: seconds since 1970; nil if it is unknown.
    mutating func certificateKept(until expiry: Double?) { certificateExpiry = expiry }

    mutating func certificateFailed() { certificateErrors += 1 }

    func write(into text: inout MetricsText) {
        text.begin(.webhookReviews)
        for verdict in Verdict.allCases { text.sample([verdict.rawValue], Double(reviews[verdict] ?? 0)) }
        text.begin(.webhookReviewDuration)
        durations.write(into: &text)
        text.begin(.webhookCertificateExpiry)
        if let certificateExpiry { text.sample(certificateExpiry) }
        text.begin(.webhookCertificateErrors)
        text.sample(Double(certificateErrors))
    }
}

extension AdmissionVerdict {
    var counted: WebhookMetrics.Verdict {
        if !problems.isEmpty { return .denied }
        return warnings.isEmpty ? .allowed : .warned
    }
}
