import DaybookModel
import DaybookSDK

/// Errors in a person's words.
extension ChatText {
  /// `entry` gives a message as it was shown in the open conversation.
  static func problem(
    _ error: ClientError, me: String = "",
    entry: (UInt64) -> ShownMessages.Entry? = { _ in nil }
  ) -> String {
    if error.name == ErrorCode.notAMember.name { return notAMember(error.message, me: me) }
    return problems[error.name] ?? anothers(error.message, entry) ?? inWords(error.message, entry)
  }

  /// The server says `message 914547359860391940 is another's`: whose, and what one can do.
  private static func anothers(
    _ message: String, _ entry: (UInt64) -> ShownMessages.Entry?
  ) -> String? {
    let words = message.split(separator: " ")
    guard words.count == 4, words[0] == "message", words[2] == "is", words[3] == "another's",
      let found = UInt64(words[1]).flatMap(entry), found.number > 0
    else { return nil }
    return "[\(found.number)] is \(found.author)'s, and not yours to change: "
      + "/reply \(found.number) TEXT answers it"
  }

  /// The server says of whom: `dee is not a member of group/fun; …`. Only whom it is about can join.
  private static func notAMember(_ message: String, me: String) -> String {
    let words = message.split(separator: " ")
    let group = words.first { $0.hasPrefix("group/") }.map { $0.dropFirst(6).filter { $0 != ";" } }
    let name = group.map { "#\(Terminal.safe(String($0)))" } ?? "the group"
    let joining = "/join \(group.map { Terminal.safe(String($0)) } ?? "NAME") makes you one"
    guard words.count > 1, words[1] == "is" else {
      return "that takes a member of \(name); \(joining)"
    }
    let user = String(words[0])
    return isMe(user, me)
      ? "you are no member of \(name); \(joining)"
      : "\(Terminal.safe(user)) is no member of \(name)"
  }

  /// Ids as they are shown elsewhere: groups as `#fun`, messages as `[1]`.
  private static func inWords(
    _ message: String, _ entry: (UInt64) -> ShownMessages.Entry?
  ) -> String {
    var words = message.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    for (at, word) in words.enumerated() {
      if word.hasPrefix("group/") { words[at] = "#" + word.dropFirst(6) }
      if word.hasPrefix("user/") { words[at] = String(word.dropFirst(5)) }
      // Message ids have more digits than any count.
      if word.count > 12, let id = UInt64(word) {
        words[at] =
          entry(id).flatMap { $0.number > 0 ? "[\($0.number)]" : nil } ?? "that was not shown"
      }
    }
    return Terminal.safe(words.joined(separator: " "))
  }

  /// Why there was nothing to do for a command that this event would have come of.
  static func unchanged(_ event: ClientEvent) -> String {
    switch event {
    case .memberInvited(let group, let user, _):
      "\(Terminal.safe(user)) is in \(name(.group(group))) already, or invited"
    case .memberLeft(let group, let user, _):
      "\(Terminal.safe(user)) is no member of \(name(.group(group)))"
    case .memberJoined(let group, let user, _):
      "\(Terminal.safe(user)) doesn't ask to be let into \(name(.group(group)))"
    case .joinRefused(_, let user, _):
      "\(Terminal.safe(user)) neither asks to be let in nor is invited"
    case .refused(let group, _):
      "you were neither invited to \(name(.group(group))) nor asked to be let in"
    case .roleChanged(_, let user, _, _): "\(Terminal.safe(user)) is that already"
    case .memberSilenced(_, let user, let isSilenced, _):
      "\(Terminal.safe(user)) is \(isSilenced ? "silenced already" : "not silenced")"
    case .recalled: "it was taken back before"
    case .reaction(let reaction):
      reaction.isRemoved ? "you had not reacted so" : "you have reacted so before"
    case .blocked(let user): "you block \(Terminal.safe(user)) already"
    case .unblocked(let user): "you don't block \(Terminal.safe(user))"
    case .deviceForgotten(let device): "you have no device \(Terminal.safe(device))"
    default: "it is so already"
    }
  }

  private static let problems: [String: String] = [
    ErrorCode.groupNotFound.name: "there is no such group; /create NAME makes one",
    ErrorCode.groupExists.name: "there is such a group already; /join NAME makes you a member",
    ErrorCode.messageNotFound.name: "there is no such message",
    ErrorCode.messageWasRecalled.name: "the message was taken back",
    ErrorCode.recallExpired.name: "it is too late to take that back",
    ErrorCode.blocked.name: "this user takes nothing from you",
    ErrorCode.silenced.name: "you may only read here at present",
    ErrorCode.groupDissolved.name: "this group was ended for good",
    ErrorCode.notInvited.name: "you get in only if a member of it invites you",
    ErrorCode.groupFull.name: "there is no more room in this group",
    ErrorCode.tooManyAmendments.name: "this message has as many edits or reactions as it can have",
    ErrorCode.receiptsOff.name: "of a group as large as this one, who has read what isn't kept",
    ErrorCode.tooManyStays.name: "this user has joined and left the group too often",
    ErrorCode.tooManyDevices.name: "you have too many devices; log one out that you don't use",
    ErrorCode.deviceForgotten.name: "another of your devices has logged this one out",
    ErrorCode.storageFull.name: "the server's disk is full",
    ErrorCode.contentTooLarge.name: "that is too long",
    ErrorCode.sessionReplaced.name: "this device has connected from elsewhere",
    ErrorCode.tokenRevoked.name: "the server's operator has made your token void; get a new one",
    ErrorCode.serverStopping.name: "the server is being stopped",
    ErrorCode.unreachable.name: "the server doesn't answer",
    ErrorCode.expiredToken.name: "the token has expired; get a new one",
  ]
}
