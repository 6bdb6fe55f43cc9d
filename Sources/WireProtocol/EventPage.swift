import DaybookModel
import DaybookSchema
package import NIOCore

/// The field that `FetchReply` and `HistoryReply` begin with, `repeated bytes events = 1`, written
/// from the log's bytes without a detour through generated messages.
package enum EventPage {
  package static func write(_ events: some Sequence<ByteBuffer>, to buffer: inout ByteBuffer) {
    for event in events {
      let length = event.readableBytes
      buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: length + 16) { memory in
        var writer = ProtobufWriter(memory)
        writer.message(1, event)
        return writer.count
      }
    }
  }
}
