import KubernetesClient
import Logging
import Scaling
import WireFormats

/// Writes what was decided: replicas, status, events and the audit log.
struct ScalerWriter: Sendable {
    let client: KubernetesClient
    let events: EventRecorder
    let audit: AuditLog
    let logger: Logger

    enum ScaleResult: Sendable {
        /// The target's new version.
        case scaled(version: String)
        /// The target is not the version that was decided on.
        case conflict
        /// The API server refused; nothing was changed.
        case refused(Blocker)
        /// No answer came: it may have happened or not.
        case unknown(Blocker)
    }

    func scale(
        _ target: TargetReference, namespace: String, to replicas: Int, at snapshot: TargetSnapshot
    ) async -> ScaleResult {
        let key = ObjectKey(namespace: namespace, name: target.name)
        do throws(KubernetesError) {
            let scale = try await client.patchScale(
                of: snapshot.kind, key, replicas: replicas, resourceVersion: snapshot.resourceVersion
            )
            return .scaled(version: scale.resourceVersion)
        } catch {
            switch error.kind {
            case .conflict: return .conflict
            case .timeout, .unreachable, .serverError, .malformedAnswer, .tooLarge, .cancelled:
                return .unknown(
                    Blocker(.scaleFailed, "setting the replicas of \(target) got no clear answer: \(error.message)")
                )
            default: return .refused(Blocker(scaling: target, namespace: namespace, error))
            }
        }
    }

    /// Writes an object's status. A failure is logged, and the next poll writes again.
    func write(_ status: ScalerStatus, to identity: ObjectIdentity) async -> Bool {
        var patch = status.mergePatch.objectValue ?? [:]
        // Refused where the name now belongs to another object.
        patch["metadata"] = ["uid": .string(identity.uid)]
        do throws(KubernetesError) {
            _ = try await client.mergePatch(
                .generalScaler, ObjectKey(namespace: identity.namespace, name: identity.name), .object(patch),
                subresource: "status"
            )
            return true
        } catch {
            // Deleted meanwhile: there is nothing left to write to.
            guard error.kind != .notFound else { return true }
            logger.warning("status not written", metadata: identity.metadata(["error": "\(error)"]))
            return false
        }
    }

    /// A scaling that the API server accepted.
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

    /// What is new since the last report.
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
                regarding: ObjectReference(
                    apiVersion: GeneralScaler.apiVersion,
                    kind: GeneralScaler.kind,
                    key: ObjectKey(namespace: scaler.namespace, name: scaler.name),
                    uid: scaler.uid
                ),
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

extension ObjectIdentity {
    func metadata(_ more: Logger.Metadata) -> Logger.Metadata {
        more.merging(["namespace": "\(namespace)", "scaler": "\(name)"]) { own, _ in own }
    }
}

extension Blocker {
    /// What a refusal of the API server means for a target, and what to do about it.
    init(scaling target: TargetReference, namespace: String, _ error: KubernetesError) {
        switch error.kind {
        case .notFound:
            self.init(
                .targetNotFound,
                "\(target) does not exist in namespace \(namespace): create it, or correct the name in the spec."
            )
        case .forbidden:
            let group = target.apiVersion.contains("/") ? String(target.apiVersion.prefix { $0 != "/" }) : ""
            self.init(
                .targetForbidden,
                "the operator may not read or scale \(target): add to its ClusterRole, for this kind in apiGroups "
                    + "[\"\(group)\"], get, list and watch, and get and patch on its scale subresource. "
                    + "The API server said: \(error.message)"
            )
        default:
            self.init(.targetUnavailable, "the replicas of \(target) cannot be read or set: \(error.message)")
        }
    }
}
