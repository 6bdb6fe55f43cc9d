import DaybookModel
import DaybookSchema
import LogReading
import NIOConcurrencyHelpers
import Ports

/// What a member has read of a group past what the group's own stream says: counted when it is asked,
/// from the log, for the member's mailbox and the group lie in two partitions, of which either may be
/// folded first. What was counted once is kept: it can't change.
final class GroupReadCounts: Sendable {
  private struct Key: Hashable {
    let group: String
    let user: UserID
  }

  /// Of the messages past `from`, up to `upTo`.
  private struct Counted {
    let from: Seq
    let upTo: Seq
    let taken: MessageTally
  }

  /// Some 15 MB. Past it all are counted anew.
  private static let countedMax = 100_000

  private let log: any SearchableLog
  private let counted = NIOLockedValueBox<[Key: Counted]>([:])

  init(log: any SearchableLog) { self.log = log }

  /// Moves the row to where the mailbox says that its user has read to.
  func move(
    _ row: inout GroupReader, to upTo: Seq, of group: borrowing GroupMessages
  ) throws(DaybookError) {
    guard row.isMember, upTo > row.readSeq else { return }
    guard upTo < group.lastSeq else {
      return row.read(upTo: upTo, .leaves(MessageTally()), of: group)
    }
    let before = copy row
    let key = Key(group: row.stream, user: UserID(checked: row.user))
    let known = counted.withLockedValue { $0[key] }
    if let known, known.from == row.readSeq, known.upTo <= upTo {
      row.read(upTo: known.upTo, .takes(known.taken), of: group)
    }
    guard upTo > row.readSeq else { return }
    row.read(upTo: upTo, try count(row, upTo: upTo, of: group), of: group)
    keep(Counted(from: before.readSeq, upTo: upTo, taken: row.taken(since: before)), of: key)
  }

  private func count(
    _ row: borrowing GroupReader, upTo: Seq, of group: borrowing GroupMessages
  ) throws(DaybookError) -> ReadCount {
    guard let stream = StreamKey(checked: row.stream) else {
      throw DaybookError(.storageFailed, "the row of a member names no group")
    }
    let counting = ReadCounting(
      log: log, partition: stream.partition(of: log.partitionCount),
      conversation: ConversationKey(stream: stream, peer: nil), below: Offset(Int64.max))
    return try counting.count(
      from: row.readSeq, upTo: upTo, last: (group.lastMessageID, group.lastSeq),
      by: UserID(checked: row.user))
  }

  private func keep(_ new: Counted, of key: Key) {
    counted.withLockedValue { counted in
      if counted.count >= GroupReadCounts.countedMax { counted = [:] }
      counted[key] = new
    }
  }
}

extension GroupReader {
  /// What a move of the position has taken away.
  fileprivate func taken(since before: borrowing GroupReader) -> MessageTally {
    MessageTally(
      all: messagesAtRead &- before.messagesAtRead, own: before.ownAfter &- ownAfter,
      everyone: everyoneAtRead &- before.everyoneAtRead,
      ownEveryone: before.ownEveryoneAfter &- ownEveryoneAfter,
      mentioned: before.mentionedAfter &- mentionedAfter)
  }
}
