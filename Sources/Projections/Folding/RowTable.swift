import DaybookModel
import GRDB

/// Rows in memory, loaded on demand and written at most once a commit, those that the file has not in
/// the order of their keys.
///
/// Not for sharing between threads: it belongs to the thread that folds.
final class RowTable<Row: ProjectedRow>: ProjectionTable {
  private struct Slot {
    let key: RowKey
    var row: Row
    /// Where it lies in the file; 0 while it is not there.
    var id: Int64 = 0
    /// The row's share of the committed state hash; zero while it is not in the file.
    var storedHash: UInt64 = 0
    let partition: Int
    /// When it was last asked for, in finds.
    var touched: UInt64
    var isDirty = false
  }

  let layout = Row.layout
  private let insertion = Row.layout.insertion
  private let update = Row.layout.update
  private let lookup = Row.layout.lookup
  /// Rows that are kept in memory.
  private let rowsMax: Int
  private unowned var file: ProjectionFile!
  // Unchecked: the table belongs to one thread, and what is done to a row (`change`) does not come back
  // to the table that has it.
  @exclusivity(unchecked) private var slots: ContiguousArray<Slot> = []
  @exclusivity(unchecked) private var index = SlotIndex()
  @exclusivity(unchecked) private var dirty: [Int] = []
  /// What `write` wrote, in the order of `dirty`.
  private var written: [(id: Int64, hash: UInt64)] = []
  private var nextID: Int64 = 1
  @exclusivity(unchecked) private var finds: UInt64 = 0
  /// Whose streams' rows are asked for.
  private var partition = 0
  /// Of each partition, whether all rows that the file has of it are in memory: one that isn't there
  /// doesn't exist. So it is from the beginning where nothing was folded of it.
  private var isComplete: [Bool] = []
  private var isFileEmpty = true

  init(rowsMax: Int = Limits.projectedRowsMax) { self.rowsMax = rowsMax }

  var dirtyCount: Int { dirty.count }
  var isFull: Bool { slots.count >= rowsMax }
  /// No row was ever made: there is nothing to find.
  var isEmpty: Bool { isFileEmpty && slots.isEmpty }

  func attach(to file: ProjectionFile) throws(DaybookError) {
    assert(slots.isEmpty && dirty.isEmpty, "attached before anything is found or made")
    self.file = file
    let table = layout.name
    nextID = try file.access { database -> Int64 in
      let row = try database.firstRow("SELECT coalesce(max(id), 0) + 1 FROM \(table)")
      return row.map { $0[0] } ?? 1
    }
    isFileEmpty = nextID == 1
    isComplete = file.header.checkpoints.map { isFileEmpty || $0 == .zero }
  }

  func enter(_ partition: PartitionID) {
    assert(isComplete.indices.contains(partition.index), "a partition of the log")
    self.partition = partition.index
  }

  /// Where the row is, if there is one.
  func find(_ key: RowKey) throws(DaybookError) -> Int? {
    finds &+= 1
    if let slot = place(of: key) {
      slots[slot].touched = finds
      return slot
    }
    if isComplete[partition] { return nil }
    return try load(key)
  }

  /// Where the row is; made where there is none.
  func find(
    _ key: RowKey, orMake make: @autoclosure () -> Row
  ) throws(DaybookError) -> Int {
    if let slot = try find(key) { return slot }
    let slot = insert(
      Slot(key: key, row: make(), partition: partition, touched: finds, isDirty: true))
    dirty.append(slot)
    return slot
  }

  func row(_ slot: Int) -> Row { slots[slot].row }

  func change(_ slot: Int, _ body: (inout Row) -> Void) {
    if !slots[slot].isDirty {
      slots[slot].isDirty = true
      dirty.append(slot)
    }
    body(&slots[slot].row)
  }

  private func place(of key: RowKey) -> Int? {
    index.find(key.hash) { slots[$0].key == key }
  }

  private func insert(_ slot: Slot) -> Int {
    assert(place(of: slot.key) == nil, "a key has one row")
    if index.isFull { makeIndex(room: slots.count * 2) }
    index.insert(slot.key.hash, slots.count)
    slots.append(slot)
    return slots.count - 1
  }

  private func makeIndex(room: Int) {
    index = SlotIndex(room: room)
    for slot in slots.indices { index.insert(slots[slot].key.hash, slot) }
  }

  private func load(_ key: RowKey) throws(DaybookError) -> Int? {
    assert(!isComplete[partition], "who has all rows asks no file for one")
    let found = try file.access { database in
      let statement = try PreparedSQL(lookup, in: database)
      key.bind(to: statement, of: layout)
      return try statement.firstRow()
    }
    guard let found else { return nil }
    let columns = Array(found.dropFirst())
    return insert(
      Slot(
        key: key, row: Row(columns: columns), id: Int64(bitPattern: found[0].number),
        storedHash: layout.hash(columns), partition: partition, touched: finds))
  }
}

// MARK: Commits

extension RowTable {
  func write(to database: Database) throws -> UInt64 {
    written.removeAll(keepingCapacity: true)
    guard !dirty.isEmpty else { return 0 }
    sortDirty()
    let insertion = try PreparedSQL(insertion, in: database)
    let update = try PreparedSQL(update, in: database)
    var difference: UInt64 = 0
    var nextID = nextID
    for slot in dirty {
      let (id, storedHash) = (slots[slot].id, slots[slot].storedHash)
      let isNew = id == 0
      let statement = isNew ? insertion : update
      var columns = ColumnWriter(layout, to: statement, without: isNew ? 0 : layout.keys.count)
      slots[slot].row.write(to: &columns)
      let hash = columns.finish(layout)
      written.append((isNew ? nextID : id, hash))
      if isNew || hash != storedHash {
        statement.bind(UInt64(bitPattern: isNew ? nextID : id), at: 1)
        try statement.run()
      }
      if isNew { nextID += 1 }
      difference &+= hash &- storedHash
    }
    assert(written.count == dirty.count, "all that has changed is written")
    return difference
  }

  private func sortDirty() {
    let order = dirty.map { slot in
      assert(slots[slot].isDirty, "only what has changed is written")
      let id = slots[slot].id
      return id == 0
        ? WriteOrder(new: slots[slot].key, slot: slot) : WriteOrder(stored: id, slot: slot)
    }
    dirty = order.sorted().map(\.slot)
  }

  func committed() {
    assert(written.count == dirty.count, "nothing has changed since it was written")
    for (at, slot) in dirty.enumerated() {
      let row = written[at]
      assert(slots[slot].id == 0 || slots[slot].id == row.id, "a row stays where it lies")
      slots[slot].id = row.id
      slots[slot].storedHash = row.hash
      slots[slot].isDirty = false
      nextID = max(nextID, row.id + 1)
    }
    isFileEmpty = isFileEmpty && dirty.isEmpty
    dirty.removeAll(keepingCapacity: true)
    written.removeAll(keepingCapacity: true)
    if isFull { evict() }
  }

  /// Keeps the half that was asked for last: all rows are in the file now.
  private func evict() {
    assert(dirty.isEmpty, "what is forgotten is in the file")
    let oldest = slots.map { $0.touched }.sorted()[slots.count - rowsMax / 2]
    for slot in slots.indices where slots[slot].touched < oldest {
      isComplete[slots[slot].partition] = false
    }
    slots.removeAll { $0.touched < oldest }
    assert(slots.count <= rowsMax, "there is room for more")
    makeIndex(room: rowsMax)
  }
}
