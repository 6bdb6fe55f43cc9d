import DaybookModel
import NIOCore

/// `GroupCursor`, of which `GroupCursors` consists.
enum GroupCursorsCoding {
  static func bytes(of cursor: GroupPosition) -> ByteBuffer {
    let length =
      ProtobufSize.string(1, cursor.group.text) + ProtobufSize.uint(2, cursor.upTo.rawValue)
    var buffer = ByteBuffer()
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: length + 1) { memory in
      var writer = ProtobufWriter(memory)
      writer.string(1, cursor.group.text)
      writer.uint(2, cursor.upTo.rawValue)
      return writer.count
    }
    return buffer
  }

  static func read(
    _ reader: consuming ProtobufReader
  ) throws(DaybookError) -> [GroupPosition] {
    var cursors: [GroupPosition] = []
    while !reader.isAtEnd {
      let tag = try reader.tag()
      if tag == 1 << 3 | 2 {
        cursors.append(try cursor(ProtobufReader(try reader.delimited())))
      } else {
        try reader.skip(tag)
      }
    }
    return cursors
  }

  private static func cursor(
    _ reader: consuming ProtobufReader
  ) throws(DaybookError) -> GroupPosition {
    var cursor = GroupPosition(GroupID(checked: ""), upTo: .none)
    while !reader.isAtEnd {
      let tag = try reader.tag()
      switch tag {
      case 1 << 3 | 2: cursor.group = GroupID(checked: try reader.string())
      case 2 << 3: cursor.upTo = Seq(try reader.varint())
      default: try reader.skip(tag)
      }
    }
    return cursor
  }
}
