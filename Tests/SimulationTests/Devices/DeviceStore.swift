import DaybookModel
import WireProtocol

@testable import DaybookSDK

/// What an application keeps of what its client tells it.
struct DeviceStore {
  /// Which one the device was to the server when this was begun.
  var registration: UInt64?
  /// Where each stream began for this device, and which of its seqs it was told of since.
  private(set) var firstCursors: [StreamKey: Seq] = [:]
  private(set) var toldSeqs: [StreamKey: Set<UInt64>] = [:]
  /// Meanings of an event that has more than one, until the last of them comes.
  private var unfinished: [ClientEvent] = []
  private(set) var messages: [UInt64: ShownMessage] = [:]
  private(set) var transients: [IncomingMessage] = []
  private(set) var groups: Set<String> = []
  private(set) var blocked: Set<String> = []
  private(set) var reads: [Conversation: UInt64] = [:]
  private(set) var cleared: [Conversation: UInt64] = [:]
  private(set) var marks: [Conversation: MarkedConversation] = [:]
  /// Titles, roles and the like, as far as this device was told: by group.
  private(set) var roles: [String: [String: GroupRole]] = [:]
  private(set) var dissolved: Set<String> = []
  /// Who asks to be let in, by group; and the groups that this user is invited to.
  private(set) var requests: [String: Set<String>] = [:]
  private(set) var invitations: Set<String> = []
  /// 1: delivered; 2: read.
  private(set) var statuses: [UInt64: Int] = [:]
  /// By this process alone.
  private var newsOfStatus: [UInt64: Int] = [:]

  /// A new process knows what was kept, and nothing of what was under way.
  mutating func restarted() {
    unfinished = []
    newsOfStatus = [:]
  }

  mutating func followed(_ stream: StreamKey, from cursor: Seq) {
    if firstCursors[stream] == nil { firstCursors[stream] = cursor }
  }

  /// A stream's event was taken. What comes again after a restart is the same again.
  mutating func told(_ stream: StreamKey, _ seq: Seq, findings: Findings, _ name: String) {
    findings.expect(
      firstCursors[stream] != nil, "\(name) was told of \(stream) before it followed it")
    toldSeqs[stream, default: []].insert(seq.rawValue)
  }

  mutating func tell(_ event: ClientEvent, at point: AckPoint?, findings: Findings, _ name: String)
  {
    guard let point else {
      if event.isOfStream { unfinished.append(event) } else { take(event, findings, name) }
      return
    }
    let meanings = unfinished + [event]
    unfinished = []
    // Once more after a restart: what was kept is newer than that.
    if toldSeqs[point.stream]?.contains(point.seq.rawValue) ?? false {
      if case .message(let message) = event { forgetGone(message) }
    } else {
      for meaning in meanings { take(meaning, findings, name) }
    }
  }

  private mutating func take(_ event: ClientEvent, _ findings: Findings, _ name: String) {
    switch event {
    case .message(let message): take(message, findings, name)
    case .recalled, .edited, .reaction: amend(event)
    case .status(let update): take(update, findings, name)
    case .read(let conversation, let upTo):
      reads[conversation] = max(reads[conversation] ?? 0, upTo)
      marks[conversation]?.isMarkedUnread = false
    case .cleared(let conversation, let upTo):
      cleared[conversation] = max(cleared[conversation] ?? 0, upTo)
    case .marked(let marked): marks[marked.conversation] = marked
    case .groupJoined(let group):
      groups.insert(group)
      invitations.remove(group)
    case .invited(let group, _): invitations.insert(group)
    case .refused(let group, _): invitations.remove(group)
    case .groupLeft(let group): groups.remove(group)
    case .blocked(let user): blocked.insert(user)
    case .unblocked(let user): blocked.remove(user)
    default: takeGroupNews(event)
    }
  }

  private mutating func takeGroupNews(_ event: ClientEvent) {
    switch event {
    case .groupCreated(let group, _, let by): roles[group] = [by: .owner]
    case .memberJoined(let group, let user, _):
      roles[group, default: [:]][user] = .member
      requests[group]?.remove(user)
    case .joinRequested(let group, let user): requests[group, default: []].insert(user)
    case .joinRefused(let group, let user, _): requests[group]?.remove(user)
    case .memberLeft(let group, let user, _): roles[group]?[user] = nil
    case .roleChanged(let group, let user, let role, let by):
      if role == .owner, let by { roles[group, default: [:]][by] = .admin }
      roles[group, default: [:]][user] = role
    case .groupDissolved(let group, _):
      dissolved.insert(group)
      roles[group] = [:]
    default: break
    }
  }

  // MARK: messages

  private mutating func take(_ message: IncomingMessage, _ findings: Findings, _ name: String) {
    if message.isTransient {
      transients.append(message)
      return
    }
    var shown = ShownMessage(
      seq: message.seq, conversation: message.conversation.description, from: message.from,
      content: message.content)
    switch message.gone {
    case .recalled(let by, _): shown.state = .recalled(by: by)
    case .expired: shown.state = .expired
    case nil: break
    }
    shown.isOwn = message.isOwn
    shown.replyTo = message.replyTo
    shown.mentions = message.mentions
    shown.mentionsEveryone = message.mentionsEveryone
    shown.forwardedFrom = message.forwarded?.from
    shown.expiresAt = message.expiresAt?.millisecondsSince1970
    findings.expect(
      messages[message.id] == nil, "\(name) was told of message \(message.id) twice")
    messages[message.id] = shown
  }

  /// What came again as a tombstone.
  private mutating func forgetGone(_ message: IncomingMessage) {
    switch message.gone {
    case .recalled(let by, _): messages[message.id]?.state = .recalled(by: by)
    case .expired: messages[message.id]?.state = .expired
    case nil: break
    }
  }

  private mutating func amend(_ event: ClientEvent) {
    switch event {
    case .recalled(let recall): messages[recall.messageID]?.state = .recalled(by: recall.by)
    case .edited(let edit):
      messages[edit.messageID]?.content = edit.content
      messages[edit.messageID]?.edits += 1
    case .reaction(let reaction):
      let text = "\(reaction.by) \(reaction.reaction)"
      if reaction.isRemoved {
        messages[reaction.messageID]?.reactions.remove(text)
      } else {
        messages[reaction.messageID]?.reactions.insert(text)
      }
    default: break
    }
  }

  // MARK: statuses

  private mutating func take(_ update: StatusUpdate, _ findings: Findings, _ name: String) {
    let rank: Int
    switch update.status {
    case .delivered: rank = 1
    case .read: rank = 2
    default: return
    }
    guard let id = update.messageID else {
      // Of some of what was sent to this peer before this process.
      return
    }
    findings.expect(
      (newsOfStatus[id] ?? 0) < rank,
      "\(name) was told a status of message \(id) that is no news")
    newsOfStatus[id] = rank
    statuses[id] = max(statuses[id] ?? 0, rank)
  }
}

extension ClientEvent {
  /// What an event of a stream means, rather than news of the session itself.
  fileprivate var isOfStream: Bool {
    switch self {
    case .connection, .status, .presence, .typing, .caughtUp, .delayed: false
    case .message(let message): !message.isTransient
    default: true
    }
  }
}
