import WireFormats

extension ServerState {
    /// Refuses an object that violates the rules of its kind.
    ///
    /// - Parameter old: the stored object, for an update.
    func validate(_ object: JSON, old: JSON?, _ type: ResourceType) throws(StatusError) {
        var errors = metadataErrors(object, old: old, type)
        errors += SchemaValidator.errors(in: object, of: type.schema)
        errors += type.strategy.validate(object, old)
        if let validator = configuration.crossFieldValidators[type.groupKind],
            !errors.contains(where: \.blocksCrossFieldRules)
        {
            errors += validator(object)
        }
        if !errors.isEmpty { throw .invalid(type.kindSubject(object.name), errors) }
    }

    private func metadataErrors(_ object: JSON, old: JSON?, _ type: ResourceType) -> [FieldError] {
        var errors: [FieldError] = []
        if let problem = NameRules.problem(object.name, type.strategy.nameForm) {
            errors.append(.invalid("metadata.name", .string(object.name), problem))
        }
        for (key, value) in object.labels.sorted(by: { $0.key < $1.key }) {
            if let problem = NameRules.qualifiedNameProblem(key) {
                errors.append(.invalid("metadata.labels", .string(key), problem))
            }
            if let problem = NameRules.labelValueProblem(value) {
                errors.append(.invalid("metadata.labels", .string(value), problem))
            }
        }
        let annotations = object[at: "metadata", "annotations"]?.objectValue ?? [:]
        for key in annotations.keys.sorted() {
            if let problem = NameRules.qualifiedNameProblem(key.lowercased()) {
                errors.append(.invalid("metadata.annotations", .string(key), problem))
            }
        }
        let size = annotations.reduce(0) { $0 + $1.key.utf8.count + ($1.value.stringValue?.utf8.count ?? 0) }
        if size > Limits.annotations {
            errors.append(
                FieldError(
                    .tooLong, "metadata.annotations",
                    message: "Too long: may not be more than \(Limits.annotations) bytes"))
        }
        for finalizer in object.finalizers {
            if let problem = NameRules.qualifiedNameProblem(finalizer) {
                errors.append(.invalid("metadata.finalizers", .string(finalizer), problem))
            }
        }
        if let old, old.isBeingDeleted {
            let added = object.finalizers.filter { !old.finalizers.contains($0) }
            if !added.isEmpty {
                errors.append(
                    .forbidden(
                        "metadata.finalizers",
                        "no new finalizers can be added if the object is being deleted, found new finalizers \(added)"
                    ))
            }
        }
        return errors
    }
}
