import WireFormats

extension ServerState {
    func get(_ call: Call) throws(StatusError) -> APIResponse {
        guard let object = store.object(call.type.storage, call.key) else {
            throw .notFound(call.type.subject(call.info.name))
        }
        return respond(200, object, call)
    }

    /// Returns a response with one object in the requested representation.
    func respond(_ status: Int, _ object: ObjectVersion, _ call: Call) -> APIResponse {
        let bytes =
            switch call.presentation {
            case .whole: call.type.present(object)
            case .partialMetadata: PartialMetadata.item(object)
            case .table:
                Table.encoded([object], call.type, options: .init(call.request), now: now, metadata: [:])
            }
        return APIResponse(status, bytes: bytes, contentType: call.mediaType)
    }

    func list(_ call: Call) throws(StatusError) -> APIResponse {
        let page = try ListPage(call, store)
        var metadata: JSON = ["resourceVersion": .string(String(page.revision))]
        if let token = page.continueToken {
            metadata.set(.string(token), at: "continue")
            metadata.set(page.remaining.map { JSON($0) }, at: "remainingItemCount")
        } else if call.type.isCustom {
            metadata.set("", at: "continue")
        }
        return respond(page.objects, metadata: metadata, call)
    }

    func respond(_ objects: [ObjectVersion], metadata: JSON, _ call: Call) -> APIResponse {
        let bytes =
            switch call.presentation {
            case .whole: ObjectList.encoded(objects, call.type, metadata: metadata)
            case .partialMetadata: PartialMetadata.list(objects, metadata: metadata)
            case .table:
                Table.encoded(objects, call.type, options: .init(call.request), now: now, metadata: metadata)
            }
        return APIResponse(200, bytes: bytes, contentType: call.mediaType)
    }

    mutating func watch(_ call: Call) throws(StatusError) -> APIResponse {
        let options = try WatchOptions(call, Selection(call))
        let table = store.table(call.type.storage)
        var watch = Watch(call, options, now: now)
        var initial: [[UInt8]] = []
        if options.startsWithState {
            for object in table.objects(in: options.selection.namespace) where options.selection.matches(object) {
                initial.append(watch.frame("ADDED", object))
            }
            if options.sendsInitialEnd { initial.append(watch.bookmark(store.revision, isInitialEnd: true)) }
        } else if let missed = table.history.events(after: options.revision) {
            initial = missed.compactMap { watch.frame($0) }
        } else {
            let expired = StatusError.expired(
                "too old resource version: \(options.revision) (\(table.history.floor))")
            return APIResponse(watch: .failing(expired))
        }
        let subscription = WatchSubscription(initial: initial, limit: configuration.watchQueueLimit)
        watches.add(watch, subscription)
        return APIResponse(watch: subscription)
    }
}

extension WatchSubscription {
    /// Returns a watch that only reports its error.
    static func failing(_ error: StatusError) -> WatchSubscription {
        let subscription = WatchSubscription(initial: [Watch.frame("ERROR", error.body.encoded())], limit: 1)
        subscription.end(.complete)
        return subscription
    }
}
