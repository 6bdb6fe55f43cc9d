import DaybookModel
import DaybookSchema
import NIOCore

/// Reads fields that a stranger wrote: text must be UTF-8, and a torn message is the request's
/// fault, not the connection's.
enum FieldReading {
  /// Throws `invalid_request`.
  static func string(
    _ bytes: UnsafeRawBufferPointer, _ field: String
  ) throws(DaybookError) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw DaybookError(.invalidRequest, "\(field) is not valid UTF-8")
    }
    return text
  }

  /// Runs `read` over a body's bytes; a torn field becomes `invalid_request`.
  @inline(__always)
  static func read<T>(
    _ body: ByteBuffer, as name: String,
    _ read: (UnsafeRawBufferPointer) throws(DaybookError) -> T
  ) throws(DaybookError) -> T {
    var outcome: Result<T, DaybookError>?
    body.withUnsafeReadableBytes { bytes in
      outcome = Result { () throws(DaybookError) in try read(bytes) }
    }
    do throws(DaybookError) {
      return try outcome!.get()
    } catch  where error.code == .malformedFrame {
      throw DaybookError(.invalidRequest, "the body is no \(name)", cause: error)
    }
  }
}
