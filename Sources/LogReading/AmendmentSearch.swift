package import DaybookModel
import DaybookSchema
import NIOCore
import Ports

/// What the log says that became of a message.
enum Amendment {
  case recalled(by: UserID?, at: Timestamp)
  /// The bytes of the last edit, if they were asked for, and how many there are.
  case edited(last: ByteBuffer?, edits: Int)
}

struct Amendments {
  var byID: [MessageID: Amendment] = [:]
  /// Of messages below this one nothing was looked for any more.
  var lowest = MessageID.none
}

/// Finds a stream's recalls and edits through the log's postings, where they lie by the id of the
/// message that they are about. Blocking.
struct AmendmentSearch {
  let log: any SearchableLog
  let stream: StreamKey
  /// Whose edits count: what the reader may not see hasn't been. Recalls hold for everyone. Nil: all.
  var visible: [SeqInterval]?

  /// How many bytes of edits are wanted; nil: none, only what there is.
  var editBytesMax: Int?

  /// Entries of the postings asked for at a time, and messages looked at at a time.
  private static let pageMax = 256
  private static let messagesMax = 16

  private var partition: PartitionID { stream.partition(of: log.partitionCount) }

  /// Of those among the messages that were recalled or edited, the newest first, until there are as
  /// many bytes of edits as are wanted. `ids` is ascending.
  func amendments(of ids: [MessageID]) throws(DaybookError) -> Amendments {
    let offsets = try offsets(of: ids)
    var pieces = EventPieces(log: log, partition: partition)
    var found = Amendments()
    var bytes = 0
    var rest = offsets.keys.sorted()[...]
    while !rest.isEmpty {
      let some = rest.suffix(AmendmentSearch.messagesMax)
      rest = rest.dropLast(some.count)
      var places: [MessageID: [Offset]] = [:]
      for id in some { places[id] = offsets[id] }
      for (id, amendment) in try last(places, &pieces) {
        found.byID[id] = amendment
        if case .edited(let last?, _) = amendment { bytes += last.readableBytes }
      }
      if let editBytesMax, bytes > editBytesMax, !rest.isEmpty {
        found.lowest = some[some.startIndex]
        return found
      }
    }
    return found
  }

  /// What counts of each message's recalls and edits.
  private func last(
    _ places: [MessageID: [Offset]], _ pieces: inout EventPieces
  ) throws(DaybookError) -> [MessageID: Amendment] {
    var unread = places
    var edits = unread.mapValues(\.count)
    var found: [MessageID: Amendment] = [:]
    while !unread.isEmpty {
      // The last one tells everything: nothing can be done about a message after its recall.
      var last: [Offset] = []
      for (id, offsets) in unread {
        last.append(offsets[offsets.count - 1])
        unread[id]!.removeLast()
      }
      for (id, amendment) in try read(last, edits, &pieces) {
        found[id] = amendment
        unread[id] = nil
      }
      // What isn't visible, or was another stream's with the same fingerprint.
      for id in unread.keys { edits[id]! -= 1 }
      unread = unread.filter { !$0.value.isEmpty }
    }
    return found
  }

  private func read(
    _ offsets: [Offset], _ edits: [MessageID: Int], _ pieces: inout EventPieces
  ) throws(DaybookError) -> [MessageID: Amendment] {
    var found: [MessageID: Amendment] = [:]
    var rest = offsets.sorted()[...]
    while !rest.isEmpty {
      let some = rest.prefix(pieces.next(room: .max))
      rest = rest.dropFirst(some.count)
      for stored in try pieces.read(some) {
        let event = try EventDecoding.decodeWithoutContent(stored.bytes)
        guard event.stream == stream else { continue }
        switch event.body {
        case .messageRecalled:
          found[event.messageID] = .recalled(by: event.actor.user, at: event.recordedAt)
        case .messageEdited where visible.shows(event.seq):
          found[event.messageID] = .edited(
            last: editBytesMax == nil ? nil : stored.bytes, edits: edits[event.messageID] ?? 1)
        default: break
        }
      }
    }
    return found
  }

  /// Where recalls and edits of these messages lie, each message's ascending. One look at the
  /// postings where the stream has few of them.
  private func offsets(of ids: [MessageID]) throws(DaybookError) -> [MessageID: [Offset]] {
    let wanted = Set(ids)
    let key = ConversationKey.fingerprint(amendmentsOf: stream)
    var offsets: [MessageID: [Offset]] = [:]
    var missing = ids
    var limit = AmendmentSearch.pageMax
    while let newest = missing.last {
      let page = try log.postings(
        partition, conversation: key, before: newest.next, limit: limit)
      let isLast = page.count < limit
      // Of the lowest id in a full page there may be more.
      let complete = isLast ? 0 : page[0].value + 1
      for posting in page where posting.value >= complete {
        let id = MessageID(posting.value)
        if wanted.contains(id) { offsets[id, default: []].append(posting.offset) }
      }
      let before = missing.count
      while let id = missing.last, id.rawValue >= complete { missing.removeLast() }
      limit = missing.count == before ? limit * 4 : AmendmentSearch.pageMax
    }
    return offsets.mapValues { $0.sorted() }
  }
}

extension MessageID {
  /// As a bound: this one, and nothing above it, is below it.
  package var next: MessageID { MessageID(rawValue == .max ? .max : rawValue + 1) }
}
