import DaybookModel
import GRDB

/// Rows in memory, loaded on demand and written at most once a commit.
///
/// Not for sharing between threads: it belongs to the thread that folds.
final class RowTable<Row: ProjectedRow>: ProjectionTable {
  private struct Slot {
    var row: Row
    let id: Int64
    /// The row's share of the committed state hash; zero while it is not in the file.
    var storedHash: UInt64
    var isStored: Bool
    var isDirty = false
    /// The number of the commit before which it was last asked for.
    var touched: UInt32
  }

  let layout = Row.layout
  /// Rows kept in memory between commits.
  private let cachedMax: Int
  private unowned var file: ProjectionFile!
  private var slots: ContiguousArray<Slot> = []
  private var index: [RowKey: Int] = [:]
  private var dirty: [Int] = []
  private var writtenHashes: [UInt64] = []
  private var nextID: Int64 = 1
  private var commits: UInt32 = 0
  /// Every row of the file is in memory: one that isn't there doesn't exist.
  private var isComplete = false

  init(cachedMax: Int = 100_000) { self.cachedMax = cachedMax }

  var dirtyCount: Int { dirty.count }

  func attach(to file: ProjectionFile) throws(DaybookError) {
    assert(slots.isEmpty && dirty.isEmpty, "attached before anything is found or made")
    self.file = file
    let table = layout.name
    nextID = try file.access { database -> Int64 in
      let row = try database.firstRow("SELECT coalesce(max(id), 0) + 1 FROM \(table)")
      return row.map { $0[0] } ?? 1
    }
    isComplete = nextID == 1
  }

  /// Where the row is, if there is one.
  func find(_ key: RowKey) throws(DaybookError) -> Int? {
    if let slot = index[key] {
      slots[slot].touched = commits
      return slot
    }
    if isComplete { return nil }
    return try load(key)
  }

  /// Where the row is; made where there is none.
  func find(
    _ key: RowKey, orMake make: @autoclosure () -> Row
  ) throws(DaybookError) -> Int {
    try find(key) ?? insert(make(), key)
  }

  /// No row was ever made: there is nothing to find.
  var isEmpty: Bool { isComplete && slots.isEmpty }

  func row(_ slot: Int) -> Row { slots[slot].row }

  func change(_ slot: Int, _ body: (inout Row) -> Void) {
    if !slots[slot].isDirty {
      slots[slot].isDirty = true
      dirty.append(slot)
    }
    body(&slots[slot].row)
  }

  private func insert(_ row: Row, _ key: RowKey) -> Int {
    assert(index[key] == nil, "a key has one row")
    let slot = slots.count
    slots.append(
      Slot(
        row: row, id: nextID, storedHash: 0, isStored: false, isDirty: true, touched: commits))
    nextID &+= 1
    index[key] = slot
    dirty.append(slot)
    return slot
  }

  private func load(_ key: RowKey) throws(DaybookError) -> Int? {
    assert(!isComplete, "who has all rows asks no file for one")
    let layout = layout
    let found = try file.access { database -> (Int64, [DatabaseValue])? in
      let statement = try database.cachedStatement(sql: layout.lookup)
      let arguments = StatementArguments(key.columns(of: layout))
      guard let stored = try GRDB.Row.fetchOne(statement, arguments: arguments) else { return nil }
      let values = Array(stored.databaseValues)
      return (stored[0], Array(values.dropFirst()))
    }
    guard let (id, columns) = found else { return nil }
    let slot = slots.count
    slots.append(
      Slot(
        row: Row(columns: columns), id: id, storedHash: layout.hash(columns), isStored: true,
        touched: commits))
    index[key] = slot
    return slot
  }

  func write(to database: Database) throws -> UInt64 {
    writtenHashes.removeAll(keepingCapacity: true)
    guard !dirty.isEmpty else { return 0 }
    let insertion = try database.cachedStatement(sql: layout.insertion)
    let update = try database.cachedStatement(sql: layout.update)
    var difference: UInt64 = 0
    for at in dirty {
      let slot = slots[at]
      assert(slot.isDirty, "only what has changed is written")
      let columns = layout.storable(slot.row.columns)
      let hash = layout.hash(columns)
      writtenHashes.append(hash)
      if !slot.isStored {
        insertion.setUncheckedArguments(StatementArguments([slot.id.databaseValue] + columns))
        try insertion.execute()
      } else if hash != slot.storedHash {
        let values = columns.dropFirst(layout.keys.count) + [slot.id.databaseValue]
        update.setUncheckedArguments(StatementArguments(values))
        try update.execute()
      }
      difference &+= hash &- slot.storedHash
    }
    assert(writtenHashes.count == dirty.count, "all that has changed is written")
    return difference
  }

  func committed() {
    assert(writtenHashes.count == dirty.count, "nothing has changed since it was written")
    for (at, hash) in zip(dirty, writtenHashes) {
      slots[at].storedHash = hash
      slots[at].isStored = true
      slots[at].isDirty = false
    }
    dirty.removeAll(keepingCapacity: true)
    commits &+= 1
    if slots.count > cachedMax { evict() }
  }

  /// Keeps what the last two commits touched, if that is little enough, or nothing: all rows are
  /// in the file now.
  private func evict() {
    assert(dirty.isEmpty, "what is forgotten is in the file")
    let oldest = commits &- min(commits, 2)
    let kept = index.filter { slots[$0.value].touched >= oldest }
    let keepSome = kept.count <= cachedMax / 2
    var remaining: ContiguousArray<Slot> = []
    var remainingIndex: [RowKey: Int] = [:]
    if keepSome {
      for (key, slot) in kept {
        remainingIndex[key] = remaining.count
        remaining.append(slots[slot])
      }
    }
    assert(remaining.count == remainingIndex.count, "a row for each key that is kept")
    slots = remaining
    index = remainingIndex
    isComplete = false
  }
}

/// Rows that are only ever added: written with the next commit, and then forgotten.
final class RowLog<Row: ProjectedRow>: ProjectionTable {
  let layout = Row.layout
  private var added: [Row] = []

  var dirtyCount: Int { added.count }

  func attach(to file: ProjectionFile) {}

  func append(_ row: Row) { added.append(row) }

  func write(to database: Database) throws -> UInt64 {
    guard !added.isEmpty else { return 0 }
    let insertion = try database.cachedStatement(sql: layout.insertion)
    var difference: UInt64 = 0
    for row in added {
      let columns = layout.storable(row.columns)
      insertion.setUncheckedArguments(StatementArguments([DatabaseValue.null] + columns))
      try insertion.execute()
      difference &+= layout.hash(columns)
    }
    return difference
  }

  func committed() { added.removeAll(keepingCapacity: true) }
}
