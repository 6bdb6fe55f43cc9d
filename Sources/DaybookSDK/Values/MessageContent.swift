import DaybookModel
import DaybookSchema
package import NIOCore
import SwiftProtobuf
import WireProtocol

/// What a message carries.
public enum MessageContent: Sendable, Hashable {
  /// A text.
  case text(String)
  /// Bytes of a media type (RFC 6838) that Daybook doesn't look into.
  case bytes(type: String, [UInt8])
  /// Bytes that only a holder of the key can read.
  case sealed(keyID: String, nonce: [UInt8], ciphertext: [UInt8])

  package func encoded() -> ByteBuffer {
    switch self {
    case .text(let text): return ContentCoding.text(text)
    case .bytes(let type, let bytes):
      return ContentCoding.plain(type: type, body: ByteBuffer(bytes: bytes))
    case .sealed(let keyID, let nonce, let ciphertext):
      let content = Daybook_V1_Content.with {
        $0.sealed.keyID = keyID
        $0.sealed.nonce.append(contentsOf: nonce)
        $0.sealed.ciphertext.append(contentsOf: ciphertext)
      }
      return ByteBuffer(bytes: content.wireBytes())
    }
  }

  /// Content of a form that this version doesn't know is shown as bytes of no type.
  package init(encoded: ByteBuffer) {
    let shown = try? ContentCoding.show(encoded)
    if case .text(let text)? = shown {
      self = .text(text)
      return
    }
    let content = try? Daybook_V1_Content(frameBody: encoded)
    switch content?.kind {
    case .plain(let plain): self = .bytes(type: plain.type, Array(plain.body))
    case .sealed(let sealed):
      self = .sealed(
        keyID: sealed.keyID, nonce: Array(sealed.nonce), ciphertext: Array(sealed.ciphertext))
    case nil: self = .bytes(type: "", Array(encoded.readableBytesView))
    }
  }
}
