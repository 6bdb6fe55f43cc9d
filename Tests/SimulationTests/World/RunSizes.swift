import DaybookModel

@testable import Gateway
@testable import Partitions

/// How large a run is and what its operator has set, all of it of the seed.
struct RunSizes {
  let users: [UserID]
  let devices = ["phone", "laptop"].map { DeviceID(checked: $0) }
  let groups: [GroupID]
  let commands: Int
  /// Events in one page of a sync: few, so that acks pace it.
  let pageEvents: Int
  /// What a session is pushed of a stream without having acked it.
  let window: PushWindow.Size
  /// Frames on their way to a client: no more are pushed before it has taken some.
  let outboundFrames: Int
  let policy: RunPolicy
  /// How long a device's acks of groups are gathered.
  let groupCursorMilliseconds: Int64
  let snapshots: SnapshotPolicy
  /// Troubles come once in so many steps.
  let crashEvery: Int
  let cutEvery: Int
  /// A command comes once in so many steps.
  let commandEvery: Int
  let failEvery: Int
  let clockEvery: Int
  /// What stays in memory of origins and amended messages: so little, in some runs, that most is found
  /// in the log.
  let state: StateSettings

  init(_ dice: inout Dice) {
    let names = ["ann", "bob", "cem", "dee", "eve"]
    users = names.prefix(dice.within(4...5)).map { UserID(checked: $0) }
    groups = ["red", "blue", "green"].prefix(dice.within(2...3)).map { GroupID(checked: $0) }
    commands = dice.within(20...80)
    pageEvents = dice.pick([1, 3, 10, 256])
    window = PushWindow.Size(
      events: dice.pick([1, 2, 7, 1_024]), bytes: dice.pick([1, 400, 1 << 20]))
    outboundFrames = dice.pick([2, 10, 1_000])
    var policy = RunPolicy(
      recallLimitMilliseconds: dice.pick([86_400_000, 86_400_000, 2_000, nil]),
      hidesBlocks: dice.oneIn(3))
    policy.receiptsMembersMax = dice.pick([1, 2, 3, 1_000])
    (policy.announcedMembersMax, policy.announcedAgainBelow) = dice.pick([
      (1, 1), (2, 2), (2, 1), (3, 3), (1_000, 900),
    ])
    policy.syncBackMax = dice.pick([1, 4, 10, 1_000])
    policy.deviceSilenceMilliseconds = dice.pick([3_000_000, 90 * 86_400_000, 90 * 86_400_000])
    groupCursorMilliseconds = dice.pick([5, 300, 10_000])
    self.policy = policy
    snapshots = SnapshotPolicy(events: dice.pick([5, 30, 1_000]), milliseconds: 0)
    crashEvery = dice.pick([200, 600, 2_000])
    cutEvery = dice.pick([80, 300, 1_500])
    failEvery = dice.pick([40, 200, 1_000])
    commandEvery = dice.pick([10, 30, 80])
    clockEvery = dice.pick([300, 1_000, 1_000_000])
    let origins = dice.pick([
      .standard,
      OriginMemory.Bounds(windows: 1, numbers: 2, bytes: 1 << 20),
      OriginMemory.Bounds(windows: 1, numbers: 1, bytes: 1),
      OriginMemory.Bounds(windows: 64, numbers: 3, bytes: 600),
    ])
    let amended = dice.pick([
      .standard,
      AmendedMemory.Bounds(messages: 2, reactions: 100),
      AmendedMemory.Bounds(messages: 1, reactions: 1),
    ])
    state = StateSettings(origins: origins, amended: amended, tableSeed: 1)
  }

  var decisions: DecisionPolicy {
    DecisionPolicy(
      recallLimitMilliseconds: policy.recallLimitMilliseconds, hidesBlocks: policy.hidesBlocks,
      receiptsMembersMax: policy.receiptsMembersMax,
      announcedMembersMax: policy.announcedMembersMax,
      announcedAgainBelow: policy.announcedAgainBelow, syncBackMax: policy.syncBackMax,
      deviceSilenceMilliseconds: policy.deviceSilenceMilliseconds)
  }
}
