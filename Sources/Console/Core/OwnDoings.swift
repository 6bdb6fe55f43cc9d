import DaybookSDK
import DaybookModel

/// What this console has done and said so: its event, which comes before or after, is no news then.
/// What the user does on another device is.
struct OwnDoings {
  private var expected: [ClientEvent: Int] = [:]

  /// To be called before the command, for its event may come before its answer.
  mutating func expect(_ event: ClientEvent) { expected[event.doing, default: 0] += 1 }

  /// The command has failed, or changed nothing: no event comes of it.
  mutating func withdraw(_ event: ClientEvent) { _ = take(event) }

  /// Whether the event is of something that this console did; each is asked for once.
  mutating func take(_ event: ClientEvent) -> Bool {
    let doing = event.doing
    guard let count = expected[doing] else { return false }
    expected[doing] = count > 1 ? count - 1 : nil
    return true
  }
}

extension ClientEvent {
  /// Without what only the server knows of it.
  fileprivate var doing: ClientEvent {
    switch self {
    case .recalled(var recall):
      recall.at = .init(millisecondsSince1970: 0)
      return .recalled(recall)
    case .edited(var edit):
      edit.at = .init(millisecondsSince1970: 0)
      return .edited(edit)
    case .reaction(var reaction):
      reaction.at = .init(millisecondsSince1970: 0)
      return .reaction(reaction)
    case .groupChanged(let group, _, let by):
      return .groupChanged(group, GroupAttributes(GroupSettings(title: "")), by: by)
    // An invitation of who has asked to join lets them in.
    case .memberJoined(let group, let user, let by?):
      return .memberInvited(group: group, user: user, by: by)
    case .marked(let marked): return .marked(MarkedConversation(marked.conversation, .none))
    default: return self
    }
  }
}
