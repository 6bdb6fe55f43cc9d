import DaybookModel
import Files
import Gateway
import Glibc
import LogService

/// Where the operator keeps what a server needs for TLS. Read at the start, and whenever it is asked to.
package struct TLSFiles: Sendable {
  /// A chain in PEM: the server's own certificate first.
  package var certificate: String
  package var key: String
  /// Who signs the certificates of clients; nil where none is asked for.
  package var clientAuthority: String?
  /// A client without one is not let in.
  package var requiresClientCertificates = true

  /// Many times what a chain takes.
  private static let bytesMax = 1 << 20

  package init(certificate: String, key: String) {
    self.certificate = certificate
    self.key = key
  }

  var logServiceFiles: LogServiceFiles {
    LogServiceFiles(certificate: certificate, key: key, clientAuthority: clientAuthority)
  }

  /// Throws `permission_denied` for a file that this process can't read, or a key that anybody can;
  /// `invalid_input` where there is none.
  func read() throws(DaybookError) -> TLSMaterial {
    let authority: TLSMaterial.File? =
      if let clientAuthority { try TLSFiles.read(clientAuthority) } else { nil }
    // A group may read it: keys of a machine's services often are one's that its services are in.
    guard try TLSFiles.permissions(of: key) & 0o007 == 0 else {
      throw DaybookError(
        .permissionDenied,
        "everybody on this machine can use the key in \(key): run 'chmod o= \(key)', and renew it if it may have been read"
      )
    }
    return TLSMaterial(
      certificate: try TLSFiles.read(certificate), key: try TLSFiles.read(key),
      clientAuthority: authority, requiresClientCertificates: requiresClientCertificates)
  }

  private static func permissions(of path: String) throws(DaybookError) -> UInt32 {
    do throws(FileError) {
      return try PosixFileSystem().permissions(of: path)
    } catch {
      throw failure(path, error.number)
    }
  }

  private static func read(_ path: String) throws(DaybookError) -> TLSMaterial.File {
    do throws(FileError) {
      let bytes = try PosixFileSystem().contents(of: path, bytesMax: bytesMax)
      return TLSMaterial.File(name: path, bytes: bytes)
    } catch {
      throw failure(path, error.number)
    }
  }

  private static func failure(_ path: String, _ number: Int32) -> DaybookError {
    switch number {
    case ENOENT, ENOTDIR: DaybookError(.invalidInput, "there is no file \(path)")
    case EACCES, EPERM:
      DaybookError(.permissionDenied, "can't read \(path): let the server's user read it")
    default:
      DaybookError(.invalidInput, "can't read \(path): \(String(cString: strerror(number)))")
    }
  }
}
