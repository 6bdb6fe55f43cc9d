import DaybookModel
import DaybookSchema
import SwiftProtobuf

enum MailboxSnapshotCoding {
  static func encode(_ key: StreamKey, _ state: MailboxState) -> Daybook_V1_MailboxSnapshot {
    .with {
      $0.user = key.id
      $0.head = state.head.rawValue
      $0.devices = state.devices.map(\.snapshot)
      $0.peers = state.peers.map(encode)
      $0.groups = state.groups.map(\.text)
      $0.blocked = state.blocked.map(\.text)
      $0.marks = state.marks.map { conversation, marks in
        .with {
          $0.conversation = conversation.text
          $0.quiet = marks.isQuiet
          $0.pinned = marks.isPinned
          $0.unread = marks.isUnread
        }
      }
      $0.amended = AmendedSnapshotCoding.encode(state.amended)
    }
  }

  /// Nil for what can't be of a mailbox: what is in it once stands there twice, or out of order.
  static func decode(_ snapshot: Daybook_V1_MailboxSnapshot) -> MailboxState? {
    let blocked = snapshot.blocked.map { UserID(checked: $0) }
    guard snapshot.devices.areDistinct(by: \.device), snapshot.groups.areDistinct(by: \.self),
      snapshot.marks.areDistinct(by: \.conversation), snapshot.peers.areDistinct(by: \.user),
      snapshot.amended.areDistinct(by: \.messageID),
      snapshot.peers.allSatisfy({ $0.messageSeqs.count == $0.messageIds.count }),
      zip(blocked, blocked.dropFirst()).allSatisfy({ $0 < $1 })
    else { return nil }
    var state = MailboxState()
    state.head = Seq(snapshot.head)
    state.devices = snapshot.devices.map { DeviceCursor($0) }
    state.groups = snapshot.groups.map { GroupID(checked: $0) }
    for marked in snapshot.marks {
      guard let conversation = StreamKey(checked: marked.conversation) else { return nil }
      state.marked(
        conversation,
        ConversationMarks(
          isQuiet: marked.quiet, isPinned: marked.pinned, isUnread: marked.unread))
    }
    state.amended = AmendedSnapshotCoding.decode(snapshot.amended)
    state.take(snapshot.peers.map(decode), blocked: blocked)
    return state
  }

  private static func encode(_ peer: MailboxState.PeerState) -> Daybook_V1_PeerSnapshot {
    .with {
      $0.user = peer.user.text
      $0.lastMessage = peer.lastMessage.rawValue
      $0.read = peer.read.rawValue
      $0.firstUndelivered = peer.firstUndelivered.rawValue
      $0.firstUnread = peer.firstUnread.rawValue
      $0.isContact = peer.isContact
      $0.cleared = peer.cleared.rawValue
      $0.messageSeqs = peer.pending.entries.map(\.seq.rawValue)
      $0.messageIds = peer.pending.entries.map(\.id.rawValue)
    }
  }

  private static func decode(_ snapshot: Daybook_V1_PeerSnapshot) -> MailboxState.PeerState {
    var state = MailboxState.PeerState(user: UserID(checked: snapshot.user))
    state.lastMessage = Seq(snapshot.lastMessage)
    state.read = Seq(snapshot.read)
    state.firstUndelivered = Seq(snapshot.firstUndelivered)
    state.firstUnread = Seq(snapshot.firstUnread)
    state.isContact = snapshot.isContact
    state.cleared = Seq(snapshot.cleared)
    state.pending = PendingMessages(
      zip(snapshot.messageSeqs, snapshot.messageIds).map {
        PendingMessages.Entry(seq: Seq($0), id: MessageID($1))
      })
    return state
  }
}

enum AmendedSnapshotCoding {
  static func encode(_ amended: AmendedMessages) -> [Daybook_V1_AmendedSnapshot] {
    amended.map { id, message in
      .with {
        $0.messageID = id.rawValue
        $0.recalled = message.isRecalled
        $0.edits = UInt32(message.edits)
        $0.reactions = message.reactions.map { reaction in
          .with {
            $0.user = reaction.user.text
            $0.reaction = reaction.text
            $0.withheld = message.withheld.contains(reaction)
          }
        }
      }
    }
  }

  static func decode(_ snapshots: [Daybook_V1_AmendedSnapshot]) -> AmendedMessages {
    var amended: AmendedMessages = [:]
    amended.reserveCapacity(snapshots.count)
    for snapshot in snapshots {
      var message = AmendedMessage()
      message.isRecalled = snapshot.recalled
      message.edits = Int(snapshot.edits)
      message.reactions = Set(
        snapshot.reactions.map {
          AmendedMessage.Reaction(user: UserID(checked: $0.user), text: $0.reaction)
        })
      message.withheld = Set(
        snapshot.reactions.filter(\.withheld).map {
          AmendedMessage.Reaction(user: UserID(checked: $0.user), text: $0.reaction)
        })
      amended[MessageID(snapshot.messageID)] = message
    }
    return amended
  }
}

extension Collection {
  func areDistinct(by key: (Element) -> some Hashable) -> Bool { Set(map(key)).count == count }
}

extension DeviceCursor {
  init(_ snapshot: Daybook_V1_DeviceSnapshot) {
    self.init(
      device: DeviceID(checked: snapshot.device), cursor: Seq(snapshot.cursor),
      registration: Seq(snapshot.registration))
  }

  var snapshot: Daybook_V1_DeviceSnapshot {
    .with {
      $0.device = device.text
      $0.cursor = cursor.rawValue
      $0.registration = registration.rawValue
    }
  }
}
