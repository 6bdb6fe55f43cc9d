import DaybookModel
import Ports

/// Everything that must hold when a run is over.
extension SimRun {
  func check() throws {
    for fault in watch.faults { findings.add(fault) }
    let reference = Reference(
      try LoggedEvents(log), policy: sizes.policy, findings: findings)
    CommandCheck(reference: reference, findings: findings).check(commands, submissions)
    SightCheck(run: self, reference: reference).check()
    checkTokens(reference)
    for device in devices { StoreCheck(device: device, reference: reference).check() }
    RangeCheck(run: self, reference: reference).check()
    try ProjectionCheck(run: self, reference: reference).check()
    for group in reference.groups.values {
      tally.count(
        "empty stay",
        group.members.values.flatMap(\.stays).count { stay in
          stay.last.map { $0 < stay.first } ?? false
        })
      tally.count("joined again", group.members.values.count { $0.stays.count > 1 })
    }
  }
}
