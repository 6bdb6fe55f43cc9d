import DaybookModel
import GRDB

/// How many members' positions lie past a seq, without a look at each member: positions are counted
/// in ranges of 1, 64, 64², … seqs, so that any range is the sum of a few.
///
/// A node is a level and, within it, the range that `seq >> (6 * level)` names.
enum PositionTree {
  private static let bits: UInt64 = 6
  private static let levels: UInt64 = 6
  /// Seqs have that many bits at most.
  private static let indexBits: UInt64 = 56

  /// The ranges that hold a position, smallest first.
  static func nodes(of seq: Seq) -> [UInt64] {
    assert((levels << indexBits) >> indexBits == levels, "level and range fit beside each other")
    return (0..<levels).map { $0 << indexBits | seq.rawValue >> ($0 * bits) }
  }

  /// Ranges of nodes that together hold every position past `seq`, and none else.
  static func past(_ seq: Seq) -> [ClosedRange<UInt64>] {
    (0..<levels).compactMap { level in
      let index = seq.rawValue >> (level * bits)
      let isTop = level == levels - 1
      let last = isTop ? (1 << indexBits) - 1 : index | (1 << bits - 1)
      let base = level << indexBits
      return index < last ? base | (index + 1)...(base | last) : nil
    }
  }
}

/// Of a group's members, how many have a position in a range of seqs.
struct PositionCount: ProjectedRow {
  static let layout = TableLayout(
    name: "position_counts", keys: ["stream", "node"], values: ["reads", "joins"],
    hasNumberKey: true)

  let stream: String
  let node: UInt64
  /// Of how many the read position lies there, and of how many the join.
  var reads: UInt64 = 0
  var joins: UInt64 = 0

  init(stream: String, node: UInt64) {
    self.stream = stream
    self.node = node
  }

  init(columns: [DatabaseValue]) {
    stream = columns[0].text
    node = columns[1].number
    reads = columns[2].number
    joins = columns[3].number
  }

  func write(to columns: inout ColumnWriter) {
    columns.add(stream)
    columns.add(node)
    columns.add(reads)
    columns.add(joins)
  }
}
