import WireFormats

// Invariants of status and events, which may only report what the API server accepted.
extension InvariantChecker {
    func checkStatus(_ object: JSON, by replica: String, sentAt: Int64) {
        guard let uid = object["metadata"]?["uid"]?.stringValue else { return }
        let name = object["metadata"]?["name"]?.stringValue ?? ""
        statusWriters[uid, default: []].insert(replica)
        trace.add(timeline.now, name, object["status"]?["reason"]?.stringValue ?? "no reason")
        if let pending = PendingScale(object, replica: replica, sentAt: sentAt) {
            // A retry of one decision, or a status with an operation whose outcome is unknown. At the edge of a schedule,
            // two decisions have one time if the clock was set back in between.
            let same = pendings[uid]?.indices.filter { pendings[uid]?[$0].isSame(as: pending) == true } ?? []
            let isKnown = same.contains { pendings[uid]?[$0].isUsed == false || $0 + 1 == pendings[uid]?.count }
            if !isKnown { pendings[uid, default: []].append(pending) }
            openPending[uid] = pending.at
        } else {
            openPending[uid] = nil
        }
        checkTimes(object, uid, name)
    }

    /// The times of the last scale events are those of real scale operations, or of a change to the same number by
    /// another client, which cannot be told from an own operation without a response.
    private func checkTimes(_ object: JSON, _ uid: String, _ name: String) {
        let status = object["status"]
        let scalings = scalings(of: uid)
        let target = versions.values.joined().filter { $0.uid == uid }.last?.plan.target ?? ""
        for (field, isUp) in [("lastScaleUpTime", true), ("lastScaleDownTime", false)]
        where status?[field]?.stringValue != nil {
            let isTrue = scalings.contains { $0.isUp == isUp } || !(outsideScales[target] ?? []).isEmpty
            if !isTrue { note("\(name) says \(field), and it never did") }
        }
    }

    /// Returns the scaler's operations. If another scaler had the same operation for the same target, an observer
    /// cannot tell them apart.
    private func scalings(of uid: String) -> [AcceptedScale] {
        let targets = Set(versions.values.joined().filter { $0.uid == uid }.map(\.plan.target))
        return scales.filter { scale in
            scale.pending.uid == uid
                || targets.contains(scale.target)
                    && (pendings[uid] ?? []).contains {
                        ($0.replica, $0.from, $0.to) == (scale.replica, scale.from, scale.to)
                    }
        }
    }

    func checkEvent(_ event: JSON) {
        guard event["reason"]?.stringValue == "Scaled", let note = event["note"]?.stringValue,
            let uid = event["regarding"]?["uid"]?.stringValue
        else { return }
        let words = note.prefix { $0 != ":" && $0 != "." }
        announced["\(uid) \(words)", default: 0] += 1
        let done = scalings(of: uid).count { words == "Scale from \($0.from) to \($0.to)" }
        if announced["\(uid) \(words)", default: 0] > done {
            self.note("an event says \"\(words)\", which was accepted \(done) times")
        }
    }
}
