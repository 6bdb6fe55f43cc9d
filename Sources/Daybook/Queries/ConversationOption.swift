import ArgumentParser
import DaybookModel
import Ports

/// A conversation as an operator names it, or a device for its own user.
struct ConversationOption: ParsableArguments {
  @Option(help: "Whose mailbox to look in; without it, that of the token's user.")
  var user: String?

  @Option(name: .customLong("with"), help: "The other one of a direct conversation.")
  var peer: String?

  @Option(help: "The group.")
  var group: String?

  func validate() throws {
    guard (peer != nil) != (group != nil), peer != nil || user == nil else {
      throw ValidationError("give either --user and --with, or --group")
    }
  }

  /// What only a token can fill in must be there where none is.
  func check(_ asked: AskedOption) throws {
    if group == nil { try asked.require(user, "whose mailbox to look in (--user)") }
  }

  enum Named {
    case group(GroupID)
    /// Nil: the token's user.
    case direct(UserID?, peer: UserID)

    /// Throws `invalid_argument`.
    func key(_ answers: Answers) throws(DaybookError) -> ConversationKey {
      switch self {
      case .group(let group): ConversationKey(group: group)
      case .direct(let user, let peer):
        ConversationKey(mailbox: try answers.owner(user), peer: peer)
      }
    }
  }

  /// What was named, before anybody is asked. Throws `invalid_argument`.
  func named() throws(DaybookError) -> Named {
    if let group { return .group(try GroupID.parse(group, "--group")) }
    return .direct(
      try UserID.parse(ifSaid: user, "--user"), peer: try UserID.parse(peer ?? "", "--with"))
  }
}
