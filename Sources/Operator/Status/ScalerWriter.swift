import KubernetesClient
import Logging
import ScalerAPI
import Scaling
import TimeZones
import WireFormats

/// Writes the results of decisions: replicas, status, events and the audit log.
struct ScalerWriter: Sendable {
    let client: KubernetesClient
    let events: EventRecorder
    let audit: AuditLog
    let logger: Logger

    enum ScaleResult: Sendable {
        /// Scaled; contains the target's new version.
        case scaled(version: String)
        /// The target has changed since the decision.
        case conflict
        /// The API server refused; nothing was changed.
        case refused(Blocker)
        /// No response: the operation may have been applied.
        case unknown(Blocker)
    }

    enum StatusResult: Sendable {
        /// Written; contains the object's new version.
        case written(version: String)
        /// The object has changed since the status was created.
        case conflict
        /// The object no longer exists.
        case gone
        /// Failed; the status may have been written.
        case failed
    }

    /// - Parameter deadline: the maximum duration of the call.
    func scale(
        _ target: TargetReference, namespace: String, to replicas: Int, at snapshot: TargetSnapshot,
        deadline: Duration
    ) async -> ScaleResult {
        let key = ObjectKey(namespace: namespace, name: target.name)
        do throws(KubernetesError) {
            let scale = try await client.patchScale(
                of: snapshot.kind, key, replicas: replicas, resourceVersion: snapshot.resourceVersion,
                deadline: deadline
            )
            return .scaled(version: scale.resourceVersion)
        } catch {
            switch error.kind {
            case _ where error.scaleFault != nil:
                return .refused(Blocker(scaling: target, namespace: namespace, error, snapshot.kind))
            case .conflict: return .conflict
            case .timeout, .unreachable, .serverError, .malformedAnswer, .tooLarge, .cancelled:
                return .unknown(
                    Blocker(.scaleFailed, "no definite response to setting the replicas of \(target): \(error.message)")
                )
            default: return .refused(Blocker(scaling: target, namespace: namespace, error))
            }
        }
    }

    /// Writes an object's status. A failure is logged, and the next poll writes again.
    ///
    /// - Parameters:
    ///   - version: the resource version of the object that the status belongs to.
    ///   - deadline: the maximum duration of the call.
    func write(
        _ status: ScalerStatus, to identity: ObjectIdentity, at version: String, deadline: Duration
    ) async -> StatusResult {
        var patch = status.mergePatch.objectValue ?? [:]
        // Refused if the name now belongs to another object, or another client has written to this one since.
        patch["metadata"] = ["uid": .string(identity.uid), "resourceVersion": .string(version)]
        do throws(KubernetesError) {
            let object = try await client.mergePatch(
                .generalScaler, identity.key, .object(patch), subresource: "status", deadline: deadline)
            return .written(version: object["metadata"]?["resourceVersion"]?.stringValue ?? version)
        } catch {
            switch error.kind {
            case .conflict: return .conflict
            case .notFound: return .gone
            default:
                logger.warning("failed to write status", metadata: identity.metadata(["error": "\(error)"]))
                return .failed
            }
        }
    }

    /// Returns the current object; nil if it does not exist or cannot be read.
    func read(_ identity: ObjectIdentity, deadline: Duration) async -> GeneralScaler? {
        guard let object = try? await client.identity(of: .generalScaler, identity.key, deadline: deadline),
            let scaler = try? GeneralScaler(object, zones: TimeZoneDirectory.system), scaler.identity == identity
        else { return nil }
        return scaler
    }

    /// Records a scale operation that the API server accepted.
    func announce(_ decision: Decision, of scaler: ObjectIdentity, target: TargetReference) {
        record(Announcement(isWarning: false, reason: "Scaled", message: decision.reason), of: scaler)
        audit.record(decision, of: scaler, target: target)
        logger.info(
            "scaled",
            metadata: scaler.metadata([
                "target": "\(target)", "from": "\(decision.current)", "to": "\(decision.desired)",
                "reason": "\(decision.reason)",
            ])
        )
    }

    /// Logs and counts the changes since the last report.
    func announce(_ change: StatusChange, of scaler: ObjectIdentity, target: TargetReference?) {
        for announcement in change.announcements {
            record(announcement, of: scaler)
            logger.notice(
                "scaler changed",
                metadata: scaler.metadata(["event": "\(announcement.reason)", "message": "\(announcement.message)"])
            )
        }
        if let decision = change.newlyLimited, !decision.changesReplicas || decision.limitedBy.contains(.dryRun),
            let target
        {
            audit.record(decision, of: scaler, target: target)
        }
    }

    private func record(_ announcement: Announcement, of scaler: ObjectIdentity) {
        events.record(
            ObjectEvent(
                regarding: .generalScaler(scaler.key, uid: scaler.uid),
                severity: announcement.isWarning ? .warning : .normal,
                reason: announcement.reason,
                action: "Scale",
                note: announcement.message
            )
        )
    }
}

extension ResourceKind {
    static let generalScaler = ResourceKind(
        group: "autoscaling.example.com", version: "v1", kind: GeneralScaler.kind, plural: "generalscalers"
    )
    static let deployment = ResourceKind(group: "apps", version: "v1", kind: "Deployment", plural: "deployments")
    static let statefulSet = ResourceKind(group: "apps", version: "v1", kind: "StatefulSet", plural: "statefulsets")
}

extension ObjectReference {
    static func generalScaler(_ key: ObjectKey, uid: String? = nil) -> ObjectReference {
        ObjectReference(apiVersion: GeneralScaler.apiVersion, kind: GeneralScaler.kind, key: key, uid: uid)
    }
}

extension ObjectIdentity {
    var key: ObjectKey { ObjectKey(namespace: namespace, name: name) }

    func metadata(_ more: Logger.Metadata) -> Logger.Metadata {
        more.merging(["namespace": "\(namespace)", "scaler": "\(name)"]) { own, _ in own }
    }
}

extension Blocker {
    /// Creates a blocker, with the fix, from a refusal of the API server.
    ///
    /// - Parameter kind: the kind of the target, if known.
    init(scaling target: TargetReference, namespace: String, _ error: KubernetesError, _ kind: ResourceKind? = nil) {
        if let fault = error.scaleFault {
            self.init(unreadableScale: fault, of: target, namespace, error, kind)
            return
        }
        switch error.kind {
        case .notFound:
            self.init(
                .targetNotFound,
                "\(target) does not exist in namespace \(namespace): create it, or correct the name in the spec."
            )
        case .forbidden:
            self.init(
                .targetForbidden,
                "the operator may not read or scale \(target): add to its ClusterRole, for this kind in apiGroups "
                    + "[\"\(target.group)\"], get, list and watch, and get and patch on its scale subresource. "
                    + "The API server returned: \(error.message)"
            )
        default:
            self.init(.targetUnavailable, "the replicas of \(target) cannot be read or set: \(error.message)")
        }
    }

    /// Creates a blocker for a fault of the object itself, which only a change of the object resolves.
    private init(
        unreadableScale fault: ScaleFault, of target: TargetReference, _ namespace: String, _ error: KubernetesError,
        _ kind: ResourceKind?
    ) {
        switch fault {
        case .missingReplicas(let path):
            let fields = path.split(separator: ".")
            let patch = fields.reversed().reduce("1") { "{\"\($1)\":\($0)}" }
            let plural =
                kind.map { $0.group.isEmpty ? $0.plural : "\($0.plural).\($0.group)" } ?? target.kind.lowercased()
            self.init(
                .targetScaleUnreadable,
                "\(target) has no \(fields.joined(separator: ".")), which is required to read its scale subresource: "
                    + "set it once, for example with kubectl -n \(namespace) patch \(plural) \(target.name) --type merge "
                    + "-p '\(patch)'. From then on this GeneralScaler sets it.")
        case .wrongType:
            self.init(
                .targetScaleUnreadable,
                "the scale subresource of \(target) cannot be read: correct the field in the API server's message: "
                    + error.message)
        }
    }
}
