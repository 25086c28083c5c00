import ClusterSimulator
import WireFormats

// Spontaneous events: edits, crashes, partitions.
extension SimulatedEnvironment {
    /// Schedules all kinds of events of this environment at random times.
    func scheduleEvents() {
        every(30, nil) { $0.changeSeries() }
        every(75, .edits) { $0.editScaler() }
        every(120, .deletions) { $0.deleteSomething() }
        every(90, .outsideScaling) { $0.scaleFromOutside() }
        every(25, .labels) { $0.labelSomething() }
        every(150, .operatorPause) { $0.togglePause() }
        every(130, .crash) { $0.crash() }
        every(180, .restart) { $0.restartGracefully() }
        every(110, .partition) { $0.part() }
        every(60, .watchCut) { environment in environment.somePipe()?.cut() }
        every(150, .watchStalled) { environment in environment.somePipe()?.stall() }
        every(70, .compaction) { $0.cluster.api.compact() }
        every(100, .clockJump) { $0.jumpClock() }
        every(70, .noData) { environment in
            let until = environment.timeline.now + Int64(environment.random.within(10...150)) * 1_000_000
            environment.emptyUntil[environment.random.pick(environment.seriesNames)] = until
        }
        every(150, .pluginDown) { environment in
            environment.pluginDownUntil =
                environment.timeline.now + Int64(environment.random.within(20...300)) * 1_000_000
        }
    }

    /// - Parameter most: the maximum seconds between two events.
    private func every(_ most: Int, _ fault: Fault?, _ act: @escaping (SimulatedEnvironment) -> Void) {
        if let fault, !plan.has(fault) { return }
        timeline.after(.seconds(random.within(1...most))) { [unowned self] in
            guard isStormy else { return }
            if let fault { trace.add(timeline.now, "environment", fault.rawValue) }
            act(self)
            pumpWatches()
            every(most, fault, act)
        }
    }

    // MARK: People

    private func changeSeries() {
        let name = random.pick(seriesNames)
        series[name]?.change(random)
        trace.add(timeline.now, "environment", "\(name) is \(series[name]?.level ?? 0)")
    }

    func newPlan(of scaler: String) -> ScalerPlan {
        var plan = ScalerPlan.random(targets: targets, series: seriesNames.compactMap { series[$0] }, random)
        if hasBudgets { plan.shareBudgets(ownTarget: targets[scalers.firstIndex(of: scaler) ?? 0], budgetRandom) }
        return plan
    }

    private func editScaler() {
        let name = random.pick(scalers)
        guard let known = checker.plan(of: name) else { return }
        var plan = newPlan(of: name)
        // Most edits change little.
        if random.chance(percent: 60) {
            let other = plan
            plan = known
            switch random.below(5) {
            case 0: plan.isPaused.toggle()
            case 1: (plan.least, plan.most) = (other.least, other.most)
            case 2: (plan.upRate, plan.downRate) = (other.upRate, other.downRate)
            case 3: plan.isDryRun.toggle()
            default: (plan.cooldown, plan.downCooldown) = (other.cooldown, other.downCooldown)
            }
        }
        edit(name, to: plan)
    }

    func edit(_ name: String, to plan: ScalerPlan) {
        do {
            let object = try cluster.api.patch(Cluster.path(scaler: name), ["spec": plan.json])
            checker.scalerChanged(name, object, plan)
            pumpWatches()
        } catch { checker.note("the simulation is wrong: an edit of \(name) was refused: \(error)") }
    }

    private func deleteSomething() {
        if random.chance(percent: 30) {
            let name = random.pick(targets)
            guard (try? cluster.api.delete(Cluster.path(deployment: name))) != nil else { return }
            trace.add(timeline.now, "people", "delete deployment \(name)")
            timeline.after(random.duration(0...40_000)) { [unowned self] in
                let replicas = random.within(0...6)
                cluster.create(deployment: name, replicas: replicas)
                checker.targetReplaced(name, replicas)
                pumpWatches()
            }
            return
        }
        let name = random.pick(scalers)
        guard (try? cluster.api.delete(Cluster.path(scaler: name))) != nil else { return }
        trace.add(timeline.now, "people", "delete scaler \(name)")
        checker.scalerDeleted(name)
        timeline.after(random.duration(0...60_000)) { [unowned self] in
            create(scaler: name, newPlan(of: name))
            pumpWatches()
        }
    }

    func create(scaler name: String, _ plan: ScalerPlan) {
        do {
            checker.scalerChanged(name, try cluster.create(scaler: name, plan), plan)
        } catch { checker.note("the simulation is wrong: \(name) was refused: \(error)") }
    }

    private func scaleFromOutside() {
        let name = random.pick(targets)
        let replicas = random.pick([0, 1, 2, 3, 5, 8, 13])
        guard
            (try? cluster.api.patch(Cluster.path(deployment: name), ["spec": ["replicas": .integer(Int64(replicas))]]))
                != nil
        else { return }
        trace.add(timeline.now, "people", "scale \(name) to \(replicas)")
        checker.outsideScale(name, to: replicas)
    }

    /// Changes a label, which any client may do at any time. The new version causes conflicts.
    private func labelSomething() {
        let path =
            random.chance(percent: 50)
            ? Cluster.path(scaler: random.pick(scalers)) : Cluster.path(deployment: random.pick(targets))
        _ = try? cluster.api.patch(path, ["metadata": ["labels": ["n": .string("\(timeline.now)")]]])
    }

    private func togglePause() {
        setPause(!checker.isOperatorPaused)
    }

    func setPause(_ isPaused: Bool) {
        _ = try? cluster.api.patch(Cluster.pausePath, ["data": ["paused": isPaused ? "true" : "false"]])
        checker.operatorPause(isPaused)
        pumpWatches()
    }

    // MARK: Processes, networks, clocks

    private func crash() {
        let slot = random.below(slots.count)
        // In the middle of its work: after that many jobs.
        jobsUntilCrash = (slot, random.below(60))
    }

    private func restartGracefully() {
        let slot = random.below(slots.count)
        guard let replica = slots[slot], !replica.isEnding else { return }
        trace.add(timeline.now, "environment", "stop \(replica.name)")
        replica.stop()
        timeline.after(random.duration(100...30_000)) { [unowned self] in launch(slot) }
    }

    private func part() {
        // Prefers the leader.
        let leader = slots.firstIndex { $0?.name == cluster.leader }
        let slot = random.chance(percent: 70) ? leader ?? random.below(slots.count) : random.below(slots.count)
        cutUntil[slot] = timeline.now + Int64(random.within(1...60)) * 1_000_000
        trace.add(
            timeline.now, "environment", "part \(slots[slot]?.name ?? "nobody") until \(cutUntil[slot] / 1_000_000)")
    }

    private func jumpClock() {
        guard let replica = slots[random.below(slots.count)] else { return }
        let seconds = random.pick([0, 0, 1, -1, 30, -30, 400, -400, 7_200, -7_200, -20])
        trace.add(timeline.now, replica.name, "its clock on the wall is \(seconds) s off")
        replica.clock.set(offset: .seconds(seconds))
    }

    private func somePipe() -> WatchPipe? {
        let pipes = slots.compactMap(\.self).flatMap(\.network.openPipes)
        guard !pipes.isEmpty else { return nil }
        let pipe = random.pick(pipes)
        trace.add(timeline.now, "environment", "the watch \(pipe.path)")
        return pipe
    }
}
