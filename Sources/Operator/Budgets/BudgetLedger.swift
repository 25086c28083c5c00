import KubernetesClient
import ScalerAPI
import Scaling

/// All budgets, and the replicas of the scalers under them. Pure: the controller's turns make a reservation atomic.
struct BudgetLedger {
    private(set) var accounts: [String: BudgetAccount] = [:]
    private var uses: [ObjectKey: BudgetAccount.Use] = [:]
    /// The budgets of each scaler that is under any.
    private var memberships: [ObjectKey: [String]] = [:]

    /// Whether there are no budgets, so that nothing has to be recorded.
    var isEmpty: Bool { accounts.isEmpty }

    func isMember(_ key: ObjectKey) -> Bool { memberships[key] != nil }

    /// The names of the budgets of a scaler.
    func budgets(of key: ObjectKey) -> [String] { memberships[key] ?? [] }

    func use(of key: ObjectKey) -> BudgetAccount.Use? { uses[key] }

    // MARK: Budgets and members

    /// Adds or replaces a budget, without members.
    mutating func set(_ account: BudgetAccount) { accounts[account.name] = account }

    mutating func removeBudget(_ name: String) {
        guard accounts.removeValue(forKey: name) != nil else { return }
        for (key, names) in memberships where names.contains(name) {
            let rest = names.filter { $0 != name }
            memberships[key] = rest.isEmpty ? nil : rest
        }
    }

    /// Compares a scaler with all budgets.
    ///
    /// - Parameter use: what is known of its replicas if nothing is recorded.
    mutating func update(_ key: ObjectKey, _ profile: BudgetAccount.Profile, use: BudgetAccount.Use?) {
        var names: [String] = []
        for name in accounts.keys.sorted() where accounts[name]?.update(key, profile) == true { names.append(name) }
        memberships[key] = names.isEmpty ? nil : names
        if names.isEmpty { uses[key] = nil } else if uses[key] == nil { uses[key] = use }
    }

    mutating func remove(_ key: ObjectKey) {
        for name in memberships.removeValue(forKey: key) ?? [] { accounts[name]?.remove(key) }
        uses[key] = nil
    }

    // MARK: Replicas

    mutating func set(_ use: BudgetAccount.Use, of key: ObjectKey) {
        guard let names = memberships[key], uses[key] != use else { return }
        uses[key] = use
        for name in names { accounts[name]?.noteUse() }
    }

    /// Records replicas that are about to be requested.
    mutating func reserve(_ replicas: Int, for key: ObjectKey) {
        guard var use = uses[key], replicas > use.held else { return }
        use.held = replicas
        set(use, of: key)
    }

    /// Records the replicas that a member has for certain.
    mutating func settle(_ replicas: Int, for key: ObjectKey) {
        guard var use = uses[key] else { return }
        use.held = replicas
        set(use, of: key)
    }

    /// Returns the least cap of all budgets that are enforced; nil if there is none.
    mutating func cap(of key: ObjectKey, at now: Timestamp) -> SharedBudgetCap? {
        var least: SharedBudgetCap?
        for name in memberships[key] ?? [] {
            guard let cap = accounts[name]?.cap(of: key, at: now, uses), accounts[name]?.spec?.mode != .report else {
                continue
            }
            if cap.replicas < least?.replicas ?? .max { least = cap }
        }
        return least
    }

    // MARK: Reports

    /// Brings the division of a budget up to date, and returns it.
    mutating func divided(_ name: String, at now: Timestamp) -> BudgetAccount? {
        accounts[name]?.divide(at: now, uses)
        return accounts[name]
    }

    mutating func noteReport(of name: String) { accounts[name]?.isChanged = false }
}
