import DaybookSDK
import DaybookModel
import Doubles
import Foundation
import Identity
import Metrics
import Mirror
import NIOCore
import Partitions
import Ports
import SegmentLog

@testable import Server

/// A stopped server's data folder, and what was acked of it.
struct SweptFolder {
  static let partitionCount = 2
  /// Each of a later run begins new segments.
  private static let runs = 3

  let image: FolderImage
  /// Each event's bytes, by partition and in order.
  let events: [[[UInt8]]]

  /// Made once, for all that sweep it.
  static let shared = Task { try await SweptFolder() }

  private init() async throws {
    let place = try Scratch()
    let path = place.url.appending(path: "data").path
    _ = try DataFolder.make(at: path, partitions: Self.partitionCount)
    for run in 0..<Self.runs {
      let server = try await SweptServer(at: path)
      for partition in 0..<Self.partitionCount {
        _ = try await server.say("run \(run)", in: partition)
      }
      await server.stop()
    }
    events = try Self.events(in: try DataFolder(at: path).reader())
    var image = try FolderImage(of: place.url.appending(path: "data"))
    // The room that segments have behind what is written would be read again and again.
    for (path, file) in image.files where path.hasSuffix(".log") {
      image.files[path]?.size = min(file.size, UInt64(file.bytes.count) + 4096)
    }
    self.image = image
  }

  static func events(in log: SegmentLogReader) throws -> [[[UInt8]]] {
    try (0..<partitionCount).map { index in
      let partition = PartitionID(index)
      var events: [[UInt8]] = []
      var next = log.startOffset(of: partition)
      while next < log.highWatermark(of: partition) {
        let chunk = try log.read(partition, from: next, bytesMax: 1 << 20)
        guard chunk.next > next else { break }
        for batch in chunk.batches {
          var body = batch.body
          while let length = body.readInteger(endianness: .little, as: UInt32.self) {
            events.append(body.readBytes(length: Int(length)) ?? [])
          }
        }
        next = chunk.next
      }
      return events
    }
  }
}

/// A folder that goes with its last user.
final class Scratch: Sendable {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(
      path: "daybook-sweep-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }
}

/// A server in this process, with users in each of its partitions.
final class SweptServer: Sendable {
  private let server: DaybookServer
  private let address: ServerAddress
  private let authority: TokenAuthority
  private let log: RecordingLog

  /// What the operator was told.
  var told: [String] { log.messages }

  static let mirroredTopic = "swept"

  /// Into a Kafka that is not there, which is of no harm to a server.
  private static var mirror: MirrorSettings {
    get throws {
      var settings = MirrorSettings(kafka: try KafkaConfiguration(brokers: "127.0.0.1:1"))
      settings.topic = mirroredTopic
      return settings
    }
  }

  /// Throws what keeps a server from starting.
  init(
    at path: String, told log: RecordingLog = RecordingLog(),
    metrics: any MetricsFactory = NOOPMetricsHandler.instance, isMirrored: Bool = false,
    tls: TLSFiles? = nil
  ) async throws {
    self.log = log
    let folder = try DataFolder(at: path)
    let lock = try folder.lock()
    server = try await DaybookServer(
      folder: folder, lock: lock, loops: 1, policy: .standard, readOnlyPartitions: [],
      mirrors: isMirrored ? [try Self.mirror] : [], tls: tls, logger: log.logger, metrics: metrics)
    do {
      let line = ListenLine(ServerAddress(host: "127.0.0.1", port: 0))
      address = try await server.start([line], isStopping: { false })[0].address
      let logID = try SegmentLogReader.describe(folder.logPath).logID
      authority = await TokenAuthority(
        secret: try Secret.load(at: folder.secretPath), logID: logID,
        now: { SystemClock().now() })
    } catch {
      await server.stop()
      throw error
    }
  }

  func stop() async { await server.stop() }

  /// Two users whose mailboxes are there.
  static func users(in partition: Int) -> [String] {
    let all = (0...).lazy.map { "user\($0)" }.filter {
      StreamKey.user(UserID(checked: $0)).partition(of: SweptFolder.partitionCount).index
        == partition
    }
    return Array(all.prefix(2))
  }

  /// Sends from one user to the other of a partition; nil if it is refused.
  func say(_ text: String, in partition: Int) async throws -> StoredMessage? {
    let users = Self.users(in: partition)
    let principal = Principal.device(UserID(checked: users[0]), DeviceID(checked: "phone"))
    let client = try DaybookClient(
      ClientConfiguration(
        host: "127.0.0.1", port: address.port, token: try await authority.issue(principal)))
    do {
      try await client.connect()
      let sent = try await client.send(text: text, to: .user(users[1])).stored()
      await client.close()
      return sent
    } catch {
      await client.close()
      guard error.name == "partition_read_only" || error.name == "log_corrupt" else { throw error }
      return nil
    }
  }
}
