package import DaybookModel

/// One command of a Slack export's plan, and what it counts as.
package struct SlackCommand: Sendable, Equatable {
  /// Messages that it refers to are those that the plan's command with that index sends.
  package enum Action: Sendable, Equatable {
    case createGroup(title: String, JoinPolicy)
    case describe(String)
    /// Another title from here on.
    case rename(String)
    /// The title, if the group was made before, under another one.
    case renameIfOther(String)
    case invite(UserID)
    case join
    case leave
    case send(Sending)
    case edit(Int, text: String)
    case recall(Int)
    case react(Int, String)
  }

  package struct Sending: Sendable, Equatable {
    package var text: SlackText
    package var time: Timestamp
    package var senderName: String
    package var replyTo: Int?
  }

  package enum Role: Sendable, Equatable {
    /// What the others need: counts as nothing.
    case opening
    case message
    case reply
    case reaction
    case edit
    case deletion
    case join
    case leave
    case topic
  }

  /// Where it comes from: what a rejection is reported with.
  package struct Place: Sendable, Equatable, CustomStringConvertible {
    package var file: String
    /// The entry of the file, from 1 on; 0 for what comes of none.
    package var entry: Int

    package var description: String { entry == 0 ? file : "\(file), entry \(entry)" }
  }

  package var origin: Origin
  package var number: UInt64
  /// Of a reaction: where its number was another one's.
  var spare: SlackNumbers.Number?
  let lane: SlackNumbers.Lane
  package var user: UserID
  /// As the user names it: the group, or the mailbox of the other one.
  package var conversation: StreamKey
  /// Where it is decided: of what is about a message, where that was sent to.
  package var stream: StreamKey
  package var action: Action
  package var role: Role
  package var place: Place
  /// Later commands are about the message that it sends.
  package var isReferenced = false
  /// Entries of the conversation up to the one it comes from.
  package var entries: Int

  /// The message that it can't be issued without.
  package var target: Int? {
    switch action {
    case .send(let sending): sending.replyTo
    case .edit(let message, _), .recall(let message), .react(let message, _): message
    case .createGroup, .describe, .rename, .renameIfOther, .invite, .join, .leave: nil
    }
  }
}
