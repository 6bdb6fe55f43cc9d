import ArgumentParser
import DaybookModel
import Ports

/// A conversation as an operator names it.
struct ConversationOption: ParsableArguments {
  @Option(help: "Whose mailbox to look in.")
  var user: String?

  @Option(name: .customLong("with"), help: "The other one of a direct conversation.")
  var peer: String?

  @Option(help: "The group.")
  var group: String?

  func validate() throws {
    let isDirect = user != nil && peer != nil
    guard isDirect != (group != nil), (user == nil) == (peer == nil) else {
      throw ValidationError("give either --user and --with, or --group")
    }
  }

  /// Throws `invalid_argument`.
  func key() throws(DaybookError) -> ConversationKey {
    if let group { return ConversationKey(group: try .parse(group, "--group")) }
    return ConversationKey(
      mailbox: try .parse(user ?? "", "--user"), peer: try .parse(peer ?? "", "--with"))
  }
}
