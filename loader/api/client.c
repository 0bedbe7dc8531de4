// SPDX-License-Identifier: GPL-2.0-only
/*
 * client.c - connections: who is at the other end, and until when they stay.
 *
 * One rule for all: a connection ends when `timeout_us` have passed since it
 * began, or since its last answer was ready or taken. However slowly somebody
 * sends a request or reads an answer, byte by byte, that does not prolong it.
 * The time is the same for everybody, so that a list to whose end one goes
 * when it begins anew is in order.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "api/internal.h"
#include "util/monotonic.h"

int64_t clock_seconds(const struct api *api)
{
	return api->fixed_time ? api->fixed_time : (int64_t)time(NULL);
}

static void list_append(struct client *client)
{
	struct api *api = client->api;

	client->previous = api->last;
	client->next = NULL;
	*(api->last ? &api->last->next : &api->first) = client;
	api->last = client;
}

static void list_remove(struct client *client)
{
	struct api *api = client->api;

	*(client->previous ? &client->previous->next : &api->first) = client->next;
	*(client->next ? &client->next->previous : &api->last) = client->previous;
}

void client_renew(struct client *client)
{
	if (client->is_cut)
		return;
	list_remove(client);
	client->deadline_us = monotonic_us() + client->api->timeout_us;
	list_append(client);
}

void clients_cut(struct api *api)
{
	uint64_t now_us = monotonic_us();

	while (api->first && api->first->deadline_us <= now_us) {
		struct client *client = api->first;

		/* the server sees its end, and closes it */
		shutdown(client->fd, SHUT_RDWR);
		client->is_cut = true;
		list_remove(client);
	}
}

static void peer_fill(struct client *client, const struct sockaddr *address)
{
	const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)address;
	struct ucred credentials = {0};
	socklen_t length = sizeof(credentials);
	char text[INET6_ADDRSTRLEN] = "";

	if (client->api->listener.is_unix) {
		strcpy(client->peer, "unix");
		client->has_credentials =
			!getsockopt(client->fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length);
		client->pid = credentials.pid;
		client->uid = credentials.uid;
		client->gid = credentials.gid;
	} else if (address && address->sa_family == AF_INET) {
		inet_ntop(AF_INET, &ipv4->sin_addr, text, sizeof(text));
		snprintf(client->peer, sizeof(client->peer), "%s:%u", text, ntohs(ipv4->sin_port));
	} else if (address && address->sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &ipv6->sin6_addr, text, sizeof(text));
		snprintf(client->peer, sizeof(client->peer), "[%s]:%u", text,
			 ntohs(ipv6->sin6_port));
	}
}

static void client_begin(struct api *api, struct MHD_Connection *connection, void **socket_context)
{
	const union MHD_ConnectionInfo *fd =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	const union MHD_ConnectionInfo *address =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct client *client = calloc(1, sizeof(*client));

	*socket_context = client;
	if (!client || !fd) {
		free(client);
		*socket_context = NULL;
		return;
	}
	client->api = api;
	client->fd = fd->connect_fd;
	client->deadline_us = monotonic_us() + api->timeout_us;
	peer_fill(client, address ? address->client_addr : NULL);
	list_append(client);
}

void client_notify(void *context, struct MHD_Connection *connection, void **socket_context,
		   enum MHD_ConnectionNotificationCode code)
{
	struct client *client = *socket_context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		client_begin(context, connection, socket_context);
	} else if (client) {
		if (!client->is_cut)
			list_remove(client);
		free(client);
		*socket_context = NULL;
	}
}

struct client *client_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}
