import DaybookModel

/// What a partition's state takes in memory, by kind: an estimate. Only one page of mailboxes and one of groups is
/// looked at a time, each in its turn, and stands for all others until it comes again: so it costs the same whatever
/// the state's size, and is right to some tenths once all pages had their turn.
struct StateBytes: Equatable {
  var mailboxes = 0
  var groups = 0
  var members = 0
  var origins = 0
  /// What became of messages, in mailboxes and groups.
  var amended = 0
}

/// Looks at a partition's state, a part of it each time.
struct StateSampling {
  /// Of a mean over pages: how many of them count, so that it follows what changes.
  private static let pagesMax = 64

  /// Bytes for an entry of a table, over the pages that were looked at.
  private struct Mean {
    private(set) var value = 0.0
    private var pages = 0

    mutating func add(_ bytes: Int, of entries: Int) {
      guard entries > 0 else { return }
      pages = min(pages + 1, StateSampling.pagesMax)
      value += (Double(bytes) / Double(entries) - value) / Double(pages)
    }
  }

  /// After so many batches it is looked at again.
  private static let batchesEach = 64

  private var batches = 0
  private var mailboxPage = 0
  private var groupPage = 0
  private var mailboxes = Mean()
  private var mailboxAmended = Mean()
  private var groups = Mean()
  private var groupAmended = Mean()
  private var members = Mean()

  /// Asked at each batch.
  mutating func isDue() -> Bool {
    batches += 1
    return batches % StateSampling.batchesEach == 0
  }

  mutating func look(at state: borrowing PartitionState) -> StateBytes {
    lookAtMailboxes(state.mailboxes)
    lookAtGroups(state.groups)
    let (mailboxCount, groupCount) = (Double(state.mailboxes.count), Double(state.groups.count))
    return StateBytes(
      mailboxes: Int(mailboxes.value * mailboxCount), groups: Int(groups.value * groupCount),
      members: Int(members.value * groupCount), origins: state.origins.byteCount,
      amended: Int(mailboxAmended.value * mailboxCount + groupAmended.value * groupCount))
  }

  private mutating func lookAtMailboxes(_ table: PagedTable<MailboxState>) {
    guard table.pages > 0 else { return }
    mailboxPage = (mailboxPage + 1) % table.pages
    var (bytes, amended) = (0, 0)
    let page = table.visit(mailboxPage) { user, mailbox in
      bytes += user.heapBytes + mailbox.heapBytes
      amended += mailbox.amended.byteCount
    }
    mailboxes.add(page.bytes + bytes, of: page.entries)
    mailboxAmended.add(amended, of: page.entries)
  }

  private mutating func lookAtGroups(_ table: PagedTable<GroupState>) {
    guard table.pages > 0 else { return }
    groupPage = (groupPage + 1) % table.pages
    var (bytes, memberBytes, amended) = (0, 0, 0)
    let page = table.visit(groupPage) { id, group in
      bytes += id.heapBytes + group.heapBytes
      memberBytes += group.memberBytes
      amended += group.amended.byteCount
    }
    groups.add(page.bytes + bytes, of: page.entries)
    members.add(memberBytes, of: page.entries)
    groupAmended.add(amended, of: page.entries)
  }
}

extension Identifier {
  /// Up to 15 bytes a string has within itself; behind 32 others, it is in memory of its own.
  var heapBytes: Int { text.utf8.count <= 15 ? 0 : 32 + text.utf8.count }
}

extension Array {
  /// What its elements take, without what these refer to.
  var heapBytes: Int { capacity == 0 ? 0 : 32 + capacity * MemoryLayout<Element>.stride }
}

extension Dictionary {
  /// The same; it has a bit for each place besides.
  var heapBytes: Int {
    guard capacity > 0 else { return 0 }
    // At most three quarters of the places are used.
    let each = MemoryLayout<Key>.stride + MemoryLayout<Value>.stride
    return 64 + capacity * 4 / 3 * each
  }
}
