/// Writes one page of a list: asked for one entry more than fit, it knows whether another page follows.
struct Page {
    private var json = JSONWriter(reserving: 16 * 1024)
    private let limit: Int
    private let kind: String
    private var count = 0
    private var last: [String] = []
    private var hasMore = false

    init(limit: Int, kind: String) {
        self.limit = limit
        self.kind = kind
        json.beginObject()
        json.key("data")
        json.beginArray()
    }

    /// Adds an entry; `cursor` is what the list is ordered by. Beyond the limit it only notes that there is more.
    mutating func add(cursor: [String], _ members: (inout JSONWriter) throws -> Void) rethrows {
        guard count < limit else {
            hasMore = true
            return
        }
        json.beginObject()
        try members(&json)
        json.endObject()
        last = cursor
        count += 1
    }

    /// Ends the list.
    consuming func finish(dataThrough: Int64?) -> JSONWriter {
        json.endArray()
        json.member("next_cursor", hasMore ? Cursor(last).text(kind: kind) : nil)
        json.member("data_through", time: dataThrough)
        json.endObject()
        return json
    }
}
