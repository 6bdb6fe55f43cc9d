/// A fault that a run is given on purpose, so that the checks can be seen to find it.
enum Mutation: String, CaseIterable, Sendable {
  /// What a relay wrote loses its cause on the way to the disk.
  case causeForgotten
  /// An event of a group is shown to somebody who is no member.
  case strangerShown
  /// What was answered as durable is gone after a crash.
  case appendLost
  /// What was recalled is read as it was.
  case recalledShown
  /// A client keeps one event from its user.
  case eventSwallowed
  /// A number that is its stream's own is logged as a later one.
  case turnSkipped
  /// A projection takes direct messages for nothing.
  case eventUnfolded

  /// Of the short runs that find it, one.
  var seed: UInt64 {
    switch self {
    case .causeForgotten: 10
    case .strangerShown: 21
    case .appendLost: 17
    case .recalledShown: 15
    case .eventSwallowed: 18
    case .turnSkipped: 4
    case .eventUnfolded: 2
    }
  }

  /// What the finding says.
  var sign: String {
    switch self {
    case .causeForgotten: "its consequence never came"
    case .strangerShown: "a stranger's group"
    case .appendLost: "is in the log 0 times"
    case .recalledShown: "was read though it was recalled"
    case .eventSwallowed: "was not told of"
    case .turnSkipped: "is out of turn"
    case .eventUnfolded: "rebuilt projections"
    }
  }
}
